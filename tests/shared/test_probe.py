"""What a probe says of a database that takes questions and answers none, as one that is stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.shared.notes_service import service


class Hanging:
    """Neither a connection comes, nor can what was asked be given up."""

    def __init__(self) -> None:
        self.killed = asyncio.Event()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        try:
            await asyncio.Event().wait()
            yield
        finally:
            await self.killed.wait()


async def test_a_database_that_hangs_is_not_available_and_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.process.service.PROBE_SECONDS", 0.05)
    db: Any = Hanging()
    async with asyncio.timeout(30):
        assert await service.obstacle(db) == "database not available"
    db.killed.set()
