"""An API is told to end while hundreds of kept connections write: nobody notices (quality.md §2, F13)."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.drain import DRAIN_SECONDS, LAST_CALL_SECONDS
from shared.postgres import Postgres
from tests.faults.callers import Callers
from tests.faults.replicas import DRAIN_DELAY, Replicas, replicas

CONNECTIONS = 300


@pytest.fixture
async def services(postgres: Postgres) -> AsyncIterator[Replicas]:
    place = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    async with replicas(postgres, place) as started:
        yield started
    shutil.rmtree(place)


async def test_no_request_fails_when_an_api_ends_under_load(services: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    leaving, staying = await services.start("lead", "api", 2)
    callers, stop = Callers(services.ports, services.token), asyncio.Event()
    async with services.balanced([leaving, staying]):
        writing = asyncio.create_task(callers.write(stop, CONNECTIONS))
        await asyncio.sleep(4)
        drained = await leaving.end()
        await asyncio.sleep(2)
        stop.set()
        await writing
    ended = await staying.end()
    there = await titles(services)
    with capsys.disabled():
        print(f"\n  {CONNECTIONS} connections, {len(callers.sent)} requests: {len(callers.failed)} failed, slowest {callers.slowest:.1f} s")
        print(f"  drained in {drained:.1f} s, {callers.told_to_leave} answers ended their connection; without load in {ended:.1f} s")
    assert callers.failed == []
    assert callers.told_to_leave > 0
    assert there == Counter(callers.acknowledged)
    assert callers.acknowledged == callers.sent
    assert drained < DRAIN_DELAY + LAST_CALL_SECONDS + DRAIN_SECONDS


async def titles(services: Replicas) -> Counter[str]:
    conn = await asyncpg.connect(services.databases["lead"])
    try:
        return Counter(row["title"] for row in await conn.fetch("SELECT title FROM lead"))
    finally:
        await conn.close()
