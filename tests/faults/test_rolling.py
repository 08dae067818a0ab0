"""Every process is replaced under load, one after the other: no request fails, nothing is lost or doubled (quality.md §2, F13 and F14)."""

import asyncio
import time
from collections import Counter

import pytest

from tests.faults.callers import Callers
from tests.faults.replicas import Replica, Replicas
from tests.faults.system import System

CONNECTIONS = 120


async def test_replicas_are_replaced_one_by_one(services: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    apis = await services.start("lead", "api", 2)
    workers = [*await services.start("lead", "worker", 2), *await services.start("metrics", "worker", 2)]
    callers, stop, ended = Callers(services.ports, services.token), asyncio.Event(), list[tuple[Replica, float]]()
    async with services.balanced(apis):
        writing = asyncio.create_task(callers.write(stop, CONNECTIONS))
        await callers.busy(CONNECTIONS)
        for replica in (*apis, *workers):
            ended.append((replica, await replica.end()))
            await replica.start()
        await callers.busy(CONNECTIONS)
        stop.set()
        await writing
    said = await services.verified()
    there = await services.values("lead", "SELECT title FROM lead")
    with capsys.disabled():
        print(f"\n  {len(callers.sent)} requests: {len(callers.failed)} failed, slowest {callers.slowest:.1f} s")
        print("  ended in: " + ", ".join(f"{r.service} {r.command} {seconds:.1f} s" for r, seconds in ended))
    assert callers.failed == []
    assert Counter(there) == Counter(callers.acknowledged)
    assert callers.acknowledged == callers.sent
    assert "All invariants hold" in said
    assert await services.values("metrics", "SELECT count(*) FROM lead_fact") == [len(callers.acknowledged)]


async def test_the_embedded_system_is_restarted_under_its_callers(patient: System, capsys: pytest.CaptureFixture[str]) -> None:
    token = patient.headers()["Authorization"].split()[1]
    callers, stop = Callers(lambda: [patient.port], token), asyncio.Event()
    writing = asyncio.create_task(callers.write(stop, CONNECTIONS))
    await callers.busy(CONNECTIONS)
    started = time.monotonic()
    restart = await asyncio.to_thread(patient.clinch, "restart")
    took = time.monotonic() - started
    await callers.busy(CONNECTIONS)
    stop.set()
    await writing
    with capsys.disabled():
        print(f"\n  {len(callers.sent)} requests: {len(callers.failed)} failed, slowest {callers.slowest:.1f} s; restarted in {took:.1f} s")
    assert restart.returncode == 0, restart.stderr
    assert callers.failed == []
    assert callers.acknowledged == callers.sent
    await asyncio.to_thread(patient.verified)
