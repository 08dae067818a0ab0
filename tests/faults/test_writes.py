"""Clients write while everything is killed: what was acknowledged is there, once (quality.md §1, invariants 1 to 3 and 12)."""

import asyncio
import time
from collections import Counter

import asyncpg
import httpx
import pytest

from clinch.folder import DataFolder
from clinch.settings import Embedded
from tests.faults.history import CONNECTIONS, History, all_leads
from tests.faults.system import READY_WITHIN, Name, System
from tests.flow.system import eventually

KILLS: list[Name] = ["api", "api", "api", "worker", "worker", "worker", "postgres", "postgres", "postgres"]
OUTBOX_EMPTY_WITHIN = 30.0


async def test_what_was_acknowledged_is_there_once(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    history, stop = History(), asyncio.Event()
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=system.origin, headers=system.headers(), timeout=20, limits=limits) as client:
        with system.killing(3, KILLS, pause=(0.5, 2.0)) as killed:
            writing = asyncio.create_task(history.write(client, stop))
            await asyncio.to_thread(killed.wait, 180)
            stop.set()
            await asyncio.wait_for(writing, READY_WITHIN * 2)
        drained = await outbox_empty(system)
        leads = await all_leads(client)
        again = [await client.get(f"/v1/leads/{lead['id']}") for lead in list(history.acknowledged.values())[::50]]
    count = Counter(lead["title"] for lead in leads)
    lost = history.acknowledged.keys() - count.keys()
    doubled = {key for key, n in count.items() if n > 1}
    ghosts = count.keys() - history.sent
    shown = {"lost": lost, "doubled": doubled, "ghosts": ghosts, "answers_that_changed": history.differing}
    with capsys.disabled():
        print(system.figures(acknowledged=len(history.acknowledged), repeated=history.repeated, **{n: len(v) for n, v in shown.items()}))
        print(f"  outbox empty after: {drained:.1f} s")
    assert (lost, doubled, ghosts, history.differing, history.strange) == (set(), set(), set(), [], [])
    assert {lead["id"]: lead["title"] for lead in leads} == {a["id"]: key for key, a in history.acknowledged.items()}
    assert all(answer.status_code == 200 for answer in again)
    assert len(system.recoveries) == len(KILLS)
    assert max(seconds for _, seconds in system.recoveries) < READY_WITHIN
    assert drained < OUTBOX_EMPTY_WITHIN
    system.verified()


async def outbox_empty(system: System) -> float:
    """Seconds until nothing waits to be published."""
    started = time.monotonic()
    conn = await asyncpg.connect(Embedded(DataFolder(system.data), system.port).postgres().url("lead"))

    async def empty() -> bool:
        return not await conn.fetchval("SELECT count(*) FROM outbox")

    try:
        await eventually(empty, 2 * OUTBOX_EMPTY_WITHIN)
        return time.monotonic() - started
    finally:
        await conn.close()
