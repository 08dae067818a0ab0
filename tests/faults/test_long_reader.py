"""Somebody reads in one transaction for long, so Postgres can remove nothing: events go on as before (quality.md §2, F8)."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import httpx
import pytest

from tests.faults.files import finished, leads_csv
from tests.faults.system import LAG_WITHIN, System
from tests.faults.writes import outbox_empty, url

FILES, LEADS = 3, 40_000
"""So many events take about a minute on two cores; by then a relay that began each look at the beginning had a twentieth of its speed."""
PINNED = ("lead", "metrics", "bus")
TUPLES = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'outbox'"


async def test_events_pass_as_before_while_somebody_reads_for_long(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    took, drained = list[float](), list[float]()
    async with long_readers(system), AsyncExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=system.origin, headers=system.headers(), timeout=120))
        conn = await asyncpg.connect(url(system, "lead"))
        stack.push_async_callback(conn.close)
        for n in range(FILES):
            started = time.monotonic()
            job = client.post("/v1/imports/leads", content=leads_csv(LEADS, n * LEADS)).json()["id"]
            assert finished(client, "leads", job)["created"] == LEADS
            drained.append(await outbox_empty(url(system, "lead")))
            took.append(time.monotonic() - started)
        dead = await conn.fetchval(TUPLES)
        system.verified()
    with capsys.disabled():
        print(f"\n  {FILES * LEADS} events passed, {dead} deleted rows still in the outbox")
        print("  imported and published, events/s: " + ", ".join(f"{LEADS / seconds:.0f}" for seconds in took))
        print("  outbox empty after the import of each: " + ", ".join(f"{seconds:.1f} s" for seconds in drained))
    assert dead > 0.9 * FILES * LEADS, "nothing was pinned"
    assert max(drained) < LAG_WITHIN * system.slowness


@asynccontextmanager
async def long_readers(system: System) -> AsyncIterator[None]:
    """One in each of these databases, with a snapshot from before all that comes."""
    async with AsyncExitStack() as stack:
        for database in PINNED:
            conn = await asyncpg.connect(url(system, database))
            stack.push_async_callback(conn.close)
            await stack.enter_async_context(conn.transaction(isolation="repeatable_read"))
            await conn.fetchval("SELECT count(*) FROM pg_class")
        yield
