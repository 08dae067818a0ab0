"""Clocks step by an hour, and those of two workers are hours apart: timers fire once, keys and order hold (quality.md §2, F11).

In one process, because a clock of a process cannot be set without that of the machine; Postgres keeps its own time meanwhile.
"""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import asyncpg
import httpx
import pytest

from clinch.run.postgres import Postgres
from shared.clock import utcnow
from shared.events.lead import LeadReactivated
from shared.process.worker import Worker
from tests.faults.history import GIVE_UP, History
from tests.faults.replicas import verified
from tests.faults.writes import outbox_empty
from tests.flow.system import System, eventually, whole_system
from tests.harness import SteppedClock

STEPS = [timedelta(hours=n) for n in (1, 0, -1, 0, 1, -1, 1)]
NURTURED = 5
"""At each step."""


class Walking(SteppedClock):
    """Goes on by itself, and is wrong by `off`."""

    def __init__(self) -> None:
        self.off = timedelta()

    def __call__(self) -> datetime:
        return utcnow() + self.off


async def test_clocks_that_step_by_an_hour_change_nothing(postgres: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    history, nurtured, stop = History(), list[str](), asyncio.Event()
    async with whole_system(postgres) as system:
        clocks = {name: await walking(system, name) for name in system.services}
        lead, other = system["lead-svc"], Walking()
        second = asyncio.create_task(Worker(lead.service, lead.settings, other).run(stop))
        try:
            async with system.client("admin") as client:
                async with history.writing(client):
                    for off in STEPS:
                        for clock in clocks.values():
                            clock.off = off
                        other.off = -off
                        await history.grown(40)
                        nurtured += [await put_aside(client, clocks["lead-svc"]()) for _ in range(NURTURED)]
                for clock in (*clocks.values(), other):
                    clock.off = timedelta(hours=3)

                async def all_awake() -> bool:
                    # Counted, not read: the workers share this process, and reading the whole log again and again would leave them no time.
                    sql = "SELECT count(*) FROM event WHERE type = $1"
                    return await count(lead.settings.database_url, sql, LeadReactivated.type) >= len(nurtured)

                await eventually(all_awake, GIVE_UP)
                again = {key: await history.ask(client, key) for key in list(history.acknowledged)[::10]}
            await outbox_empty(lead.settings.database_url)
            databases = {name.removesuffix("-svc"): s.settings.database_url for name, s in system.services.items()}
            said = await verified(databases, lead.settings.bus_url)
            woken = Counter(str(e.subject) for e in await lead.told(LeadReactivated))
            told = len(await lead.told())
            logged = await count(
                lead.settings.bus_url, "SELECT count(*) FROM log WHERE headers::jsonb ->> 'ce_source' = '/clinch/lead-svc'"
            )
        finally:
            stop.set()
            await second
    with capsys.disabled():
        print(f"\n  {len(STEPS)} steps, two workers up to 2 h apart: {len(history.acknowledged)} leads, {len(nurtured)} timers fired once")
    assert woken == Counter(nurtured)
    assert again == {key: history.acknowledged[key] for key in again}
    assert (history.differing, history.strange) == ([], [])
    assert logged == told, "two relays published the same"
    assert "All invariants hold" in said


async def walking(system: System, name: str) -> Walking:
    """Have the service and its worker go by such a clock."""
    await system.cut(name)
    clock = Walking()
    service = system[name]
    service.clock = service.app.state.clock = clock
    system.work(name)
    return clock


async def put_aside(client: httpx.AsyncClient, now: datetime) -> str:
    """A lead with a timer that is due in half an hour."""
    made = (await client.post("/v1/leads", json={"source": "web"})).json()
    wake_at = (now + timedelta(minutes=30)).isoformat()
    path = f"/v1/leads/{made['id']}/nurture"
    answer = await client.post(path, json={"reason": "later", "wake_at": wake_at}, headers={"If-Match": "*"})
    assert answer.is_success, answer.text
    return str(made["id"])


async def count(url: str, sql: str, *args: str) -> int:
    conn = await asyncpg.connect(url)
    try:
        return int(await conn.fetchval(sql, *args))
    finally:
        await conn.close()
