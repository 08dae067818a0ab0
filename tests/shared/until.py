"""Waiting for what other tasks do to a database or a log."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(check: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    """Return when `check` is true; TimeoutError when that takes too long."""
    async with asyncio.timeout(seconds):
        while not await check():  # noqa: ASYNC110 (nothing tells us)
            await asyncio.sleep(0.01)
