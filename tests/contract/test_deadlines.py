"""The days to accept as a deadline: started, warned, missed, met, taken back, and not started for history."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared import timers
from shared.events.contract import (
    ContractAcceptanceOverdue,
    ContractDeadlineEvent,
    ContractDeadlineMet,
    ContractDeadlineStarted,
    ContractDeadlineStopped,
    ContractDeadlineWarned,
)
from shared.events.envelope import Envelope, Event
from tests.contract.office import Office
from tests.harness import Running

OVER = datetime(2026, 4, 2, tzinfo=UTC)
"""When the last day to accept of a contract that went live on the second of March is over."""


async def _found(office: Office, **query: str) -> list[str]:
    return [c["id"] for c in (await office.ask("admin", "GET", "/v1/contracts", **query))["items"]]


def _deadline(contract: dict[str, Any]) -> dict[str, Any]:
    [deadline] = _acceptance(contract)
    return deadline


def _acceptance(contract: dict[str, Any]) -> list[dict[str, Any]]:
    """The deadline that these tests are about, among those of the contract."""
    return [dict(deadline) for deadline in contract["deadlines"] if deadline["name"] == "acceptance"]


async def _of_acceptance(svc: Running, *kinds: type[Event]) -> list[Envelope[Any]]:
    told: list[Envelope[Any]] = sorted(await svc.told(*kinds), key=lambda e: e.version)
    return [e for e in told if e.data.deadline == "acceptance"]


async def _told(svc: Running) -> list[tuple[str, datetime]]:
    return [(e.type.split(".")[2], e.time) for e in await _of_acceptance(svc, ContractDeadlineEvent)]


async def test_it_is_due_soon_then_overdue_and_the_contract_stays_as_it_is(office: Office, svc: Running) -> None:
    live = await office.act(await office.signed(), "go-live")
    assert _deadline(live) | {"started_at": None} == {
        "name": "acceptance",
        "state": "running",
        "started_at": None,
        "due_at": "2026-04-02T00:00:00Z",
        "due_soon": False,
        "overdue": False,
        "met_at": None,
    }
    svc.clock.advance(days=27)
    await svc.fire_due()
    soon = await office.read(live)
    assert (_deadline(soon)["due_soon"], _deadline(soon)["overdue"]) == (True, False)
    assert await _found(office, deadline_due_soon="true") == [live["id"]]
    assert await _found(office, deadline_overdue="true") == []
    svc.clock.advance(days=10)
    await svc.fire_due()
    late = await office.read(live)
    assert (_deadline(late)["due_soon"], _deadline(late)["overdue"], late["acceptance_overdue"]) == (False, True, True)
    assert await _found(office, deadline_overdue="true") == await _found(office, acceptance_overdue="true") == [live["id"]]
    assert await _found(office, deadline_due_soon="true") == []
    assert late["version"] == live["version"], "marks of time change no contract"
    went_live = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert await _told(svc) == [
        ("deadline_started", went_live),
        ("deadline_warned", OVER - timedelta(days=5)),
        ("acceptance_overdue", OVER),
    ]
    timeline = (await office.ask("rep:ann", "GET", f"/v1/contracts/{live['id']}/timeline"))["items"]
    assert ContractAcceptanceOverdue.type in {e["type"] for e in timeline}


async def test_what_is_told_late_and_was_in_time_takes_the_miss_back(office: Office, svc: Running) -> None:
    live = await office.act(await office.signed(), "go-live")
    in_time = svc.clock.now + timedelta(days=29)
    svc.clock.advance(days=40)
    await svc.fire_due()
    accepted = await office.act(live, "accept", accepted_at=in_time.isoformat())
    assert (accepted["acceptance_overdue"], _deadline(accepted)["state"]) == (False, "met")
    [met] = await _of_acceptance(svc, ContractDeadlineMet)
    assert isinstance(met.data, ContractDeadlineMet)
    assert (met.time, met.data.in_time, met.data.taken_back, met.data.due_at) == (in_time, True, True, OVER)
    assert await _found(office, acceptance_overdue="true") == []


async def test_a_late_acceptance_stays_late_and_is_no_more_open(office: Office, svc: Running) -> None:
    live = await office.act(await office.signed(), "go-live")
    svc.clock.advance(days=40)
    accepted = await office.act(live, "accept")
    assert (accepted["acceptance_overdue"], _deadline(accepted)["overdue"]) == (True, True), "though no timer has said so yet"
    [met] = await _of_acceptance(svc, ContractDeadlineMet)
    assert isinstance(met.data, ContractDeadlineMet)
    assert (met.data.in_time, met.data.taken_back) == (False, False)
    assert await _found(office, deadline_overdue="true") == []
    assert await svc.fire_due() == 2, "payments"
    assert await _of_acceptance(svc, ContractAcceptanceOverdue, ContractDeadlineWarned) == []


async def test_a_termination_stops_it(office: Office, svc: Running) -> None:
    live = await office.act(await office.signed(total="1000"), "go-live")
    ended = await office.act(live, "terminate", "manager:max", reason="They closed the branch")
    assert _deadline(ended)["state"] == "stopped"
    assert len(await _of_acceptance(svc, ContractDeadlineStopped)) == 1


@pytest.mark.parametrize(("day", "overdue"), [(29, False), (35, True)])
@pytest.mark.parametrize("looks", [True, False])
async def test_a_termination_that_is_told_late_counts_from_when_it_was(
    office: Office, svc: Running, day: int, overdue: bool, looks: bool
) -> None:
    live = await office.act(await office.signed(total="1000"), "go-live")
    at = svc.clock.now + timedelta(days=day)
    svc.clock.advance(days=40)
    if looks:
        await svc.fire_due()
    ended = await office.act(live, "terminate", "manager:max", reason="They closed the branch", at=at.isoformat())
    assert (_deadline(ended)["state"], _deadline(ended)["overdue"]) == ("stopped", overdue), "whether or not a timer has said so"
    assert await _found(office, acceptance_overdue="true") == [ended["id"]] * overdue


@pytest.mark.parametrize(("days", "work", "starts"), [(89, False, True), (100, False, False), (100, True, True)])
async def test_nothing_starts_for_history_unless_asked(office: Office, svc: Running, days: int, work: bool, starts: bool) -> None:
    ago = svc.clock.now - timedelta(days=days)
    contract = await office.signed("director", at=ago - timedelta(days=5), sign={"signed_at": (ago - timedelta(days=2)).isoformat()})
    live = await office.act(contract, "go-live", live_on=ago.date().isoformat(), **({"work": True} if work else {}))
    assert live["acceptance_due_day"] == (ago + timedelta(days=30)).date().isoformat()
    assert len(_acceptance(live)) == starts
    await svc.fire_due()
    assert (await office.read(live))["acceptance_overdue"] is starts
    assert len(await _of_acceptance(svc, ContractDeadlineStarted)) == len(await svc.told(ContractAcceptanceOverdue)) == starts


async def test_killed_between_due_and_told_it_is_told_exactly_once(office: Office, svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker dies after it has written what it tells and before it commits; two others take over at the same time."""
    await office.act(await office.signed(total="1000"), "go-live")
    svc.clock.advance(days=40)
    fire, killed = timers._FIRE, "SELECT pg_terminate_backend(pg_backend_pid())"
    monkeypatch.setattr(timers, "_FIRE", f"{killed} WHERE $1::uuid IS NOT NULL AND $2::timestamptz IS NOT NULL")
    for _ in range(3):
        with pytest.raises(Exception, match=r"terminat|connection"):
            await svc.fire_due()
        svc.clock.advance(seconds=20)
    assert await svc.told(ContractAcceptanceOverdue) == []
    monkeypatch.setattr(timers, "_FIRE", fire)
    svc.clock.advance(seconds=20)
    await asyncio.gather(svc.fire_due(), svc.fire_due())
    assert [e.time for e in await svc.told(ContractAcceptanceOverdue)] == [OVER]
    assert await svc.fire_due() == 0
