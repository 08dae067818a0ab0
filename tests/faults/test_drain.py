"""An API is told to end while hundreds of kept connections write: nobody notices (quality.md §2, F13)."""

import asyncio
from collections import Counter

import pytest

from shared.process.drain import DRAIN_SECONDS
from tests.faults.callers import Callers
from tests.faults.replicas import DRAIN_DELAY, Replicas

CONNECTIONS = 300
CLOSING_SECONDS = 10.0
"""For the pools, the admin port and the interpreter."""


async def test_no_request_fails_when_an_api_ends_under_load(services: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    leaving, staying = await services.start("lead", "api", 2)
    callers, stop = Callers(services.ports, services.token), asyncio.Event()
    async with services.balanced([leaving, staying]):
        writing = asyncio.create_task(callers.write(stop, CONNECTIONS))
        await callers.busy(CONNECTIONS)
        drained = await leaving.end()
        await callers.busy(CONNECTIONS)
        stop.set()
        await writing
    ended = await staying.end()
    there = await services.values("lead", "SELECT title FROM lead")
    with capsys.disabled():
        print(f"\n  {CONNECTIONS} connections, {len(callers.sent)} requests: {len(callers.failed)} failed, slowest {callers.slowest:.1f} s")
        print(f"  drained in {drained:.1f} s, {callers.told_to_leave} answers ended their connection; without load in {ended:.1f} s")
    assert callers.failed == []
    assert callers.told_to_leave > 0
    assert Counter(there) == Counter(callers.acknowledged)
    assert callers.acknowledged == callers.sent
    assert drained < DRAIN_DELAY + DRAIN_SECONDS + CLOSING_SECONDS
