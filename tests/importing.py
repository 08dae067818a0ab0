"""A file sent to a service and imported by its worker's job."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx

from tests.client import done
from tests.harness import Running


async def imported(
    svc: Running, client: httpx.AsyncClient, path: str, work: Callable[..., Coroutine[Any, Any, None]], raw: str, /, **params: Any
) -> dict[str, Any]:
    """The job when it is over. `work` is the worker's job for this kind of file."""
    sent = done(await client.post(path, params=params, content=raw.encode()), 202)
    stop = asyncio.Event()
    task = asyncio.create_task(work(svc.db, svc.settings, svc.clock, stop))
    async with asyncio.timeout(60):
        while (job := done(await client.get(f"{path}/{sent['id']}")))["state"] not in ("done", "failed", "refused"):  # noqa: ASYNC110 (the other side is a database)
            await asyncio.sleep(0.01)
    stop.set()
    await task
    found: dict[str, Any] = job
    return found
