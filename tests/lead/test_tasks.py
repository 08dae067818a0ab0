"""The wake-up date of a lead as a task: who puts a lead aside may ask for it also when that was long ago."""

from datetime import timedelta
from typing import Any, cast

import pytest

from lead_svc.acts import LEAD_ACTS
from lead_svc.leads.record import State
from lead_svc.leads.tasks import WAKE_UP
from shared.events.envelope import Envelope
from shared.events.lead import LeadReactivated, LeadTaskDone, LeadTaskDropped, LeadTaskDue, LeadTaskEvent, LeadTaskSet
from tests.harness import Running
from tests.lead.desk import Desk


async def put_aside(desk: Desk, ago: int, wakes: int, **more: Any) -> dict[str, Any]:
    """A lead that was put aside so many days ago, until so many days from now."""
    lead = await desk.lead()
    days = {"at": desk.svc.clock.now - timedelta(days=ago), "wake_at": desk.svc.clock.now + timedelta(days=wakes)}
    return await desk.act(lead, "nurture", "eva", reason="no budget", **{name: at.isoformat() for name, at in days.items()}, **more)


async def told(svc: Running, event: type[LeadTaskEvent]) -> list[Envelope[Any]]:
    """What was told of wake-ups; an open lead has follow-ups too."""
    return [e for e in await svc.told(event) if cast(LeadTaskEvent, e.data).kind == WAKE_UP.name]


async def test_a_task_of_a_lead_that_is_not_put_aside_is_found(desk: Desk, svc: Running) -> None:
    await desk.act(await put_aside(desk, 0, 10), "reactivate", reason="webinar")
    [check] = [check for check in svc.service.checks if "wake-up" in check.says]
    async with svc.transaction() as tx:
        assert await tx.rows(check.sql) == []
        await tx.execute("UPDATE task SET state = 'open', closed_at = NULL WHERE kind = 'wake_up'")
        assert len(await tx.rows(check.sql)) == 1


def test_whatever_takes_a_lead_out_of_nurturing_closes_its_task() -> None:
    pairs = {act.name: {(a, b) for a in act.states or () for b in act.to} | set(act.moves) for act in LEAD_ACTS}
    leaving = [act for act in LEAD_ACTS if any(a == State.NURTURING != b for a, b in pairs[act.name])]
    assert {event for act in leaving for event in act.tells} <= {*WAKE_UP.over_when, *(e for act in WAKE_UP.done_by for e in act.tells)}
    assert WAKE_UP.done_by[0] in leaving


@pytest.mark.parametrize(("wakes", "work", "woken"), [(-5, False, 0), (-5, True, 1), (5, False, 1), (5, True, 1)])
async def test_a_lead_that_was_put_aside_long_ago_is_woken_if_its_day_lies_ahead_or_somebody_asks_for_work(
    desk: Desk, svc: Running, wakes: int, work: bool, woken: int
) -> None:
    await put_aside(desk, 100, wakes, work=work)
    assert len(await told(svc, LeadTaskSet)) == woken
    svc.clock.advance(days=10)
    await svc.fire_due()
    assert len(await told(svc, LeadTaskDue)) == len(await svc.told(LeadReactivated)) == len(await told(svc, LeadTaskDone)) == woken


async def test_what_was_put_aside_lately_needs_nobody_to_ask(desk: Desk, svc: Running) -> None:
    await put_aside(desk, 20, -5)
    await svc.fire_due()
    assert len(await svc.told(LeadReactivated)) == 1


async def test_a_lead_that_is_put_aside_again_has_a_task_of_its_own_each_time(desk: Desk, svc: Running) -> None:
    lead = await put_aside(desk, 0, 10)
    await desk.act(lead, "reactivate", reason="webinar")
    await desk.act(lead, "nurture", reason="later", wake_at=(svc.clock.now + timedelta(days=20)).isoformat())
    await desk.act(lead, "reactivate", reason="called")
    await desk.act(lead, "disqualify", reason="need_mismatch")
    assert len({e.subject for e in await told(svc, LeadTaskSet)}) == len({e.subject for e in await told(svc, LeadTaskDone)}) == 2
    assert await told(svc, LeadTaskDropped) == []
    svc.clock.advance(days=60)
    assert await svc.fire_due() == 0


async def test_a_customer_who_comes_back_does_it(desk: Desk, svc: Running) -> None:
    lead = await put_aside(desk, 0, 10)
    await desk.meet(lead, direction="inbound")
    assert (len(await svc.told(LeadReactivated)), len(await told(svc, LeadTaskDone))) == (1, 1)
    svc.clock.advance(days=60)
    await svc.fire_due()
    assert await told(svc, LeadTaskDue) == []
