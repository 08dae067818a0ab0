"""Stalled deals: open, and without a touch for more days than their stage may rest."""

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from metrics_svc.facts.activity import TOUCHES
from metrics_svc.policy import DEAL_NUMBERS
from metrics_svc.rebuild.cells import differing_cells
from metrics_svc.sales.history import STEPS
from shared.events.deal import (
    DealContactAdded,
    DealLeadJoined,
    DealMemberAdded,
    DealNeedsConfirmed,
    DealNextStepSet,
    DealProposalPresented,
    DealSpinRecorded,
    DealTaskDone,
    DealTaskDue,
    DealUpdated,
)
from shared.events.envelope import REGISTRY, Event
from shared.events.policy import PolicyActivated
from shared.ids import new_id
from tests.harness import Running
from tests.metrics.told import STAGES, Deal, Lead, Quote, Story, events_of, get, hear, kpi, on, person, records

ANN, BOB = {"owner_id": person("ann")}, {"owner_id": person("bob")}
LIMITS = {"discovery": 14, "proposal": 14, "negotiation": 21, "closing": 30}


async def stalled(svc: Running, **asked: Any) -> set[str]:
    """The names of the deals that the figure lists. It counts as many, and so does the pipeline now."""
    found = await kpi(svc, "stalled_deals", **asked)
    listed = [r["external_id"] for r in await records(svc, found["records"])]
    assert found["value"] == found["n"] == sum(found["parts"].values()) == len(listed) == len(set(listed))
    if not asked:
        assert (await get(svc, "pipeline"))["total"]["total"]["stalled"] == found["n"]
    return set(listed)


def test_what_touches_a_deal() -> None:
    """One list for all services."""
    assert {e.__name__ for e in REGISTRY.values() if e.touches} == TOUCHING
    assert {e for e in STEPS if not e.touches} == {DealUpdated}
    assert {e.__name__ for e in (*STEPS, *TOUCHES)} - {"DealUpdated"} == TOUCHING - {"LeadInteractionLogged"}


TOUCHING = {
    *("DealOpened", "DealStageChanged", "DealWon", "DealLost", "DealReopened", "DealWinReversed", "DealLeadJoined"),
    *("DealSpinRecorded", "DealNeedsConfirmed", "DealContactAdded", "DealProposalDrafted", "DealProposalPresented", "DealTaskDone"),
    *("QuoteCreated", "QuoteSent", "QuoteAccepted", "QuoteRejected", "LeadInteractionLogged"),
}


def _of_task(deal: Deal, at: datetime, told: type[DealTaskDone | DealTaskDue]) -> Story:
    task = Story(f"{deal.key}-{at}", "deal_task")
    task.tell(at, told(deal_id=deal.id, kind="next_step", due_at=at))
    return task


def _own(event: Event) -> Callable[[Deal, Lead, datetime], Story | None]:
    return lambda deal, lead, at: deal.tell(at, event)


WORK: dict[str, Callable[[Deal, Lead, datetime], Story | None]] = {
    "a call": lambda deal, lead, at: lead.contacted(at, "call"),
    "a meeting": lambda deal, lead, at: lead.contacted(at, "meeting"),
    "a quote": lambda deal, lead, at: Quote(f"{deal.key}-{at}", deal).sent(at),
    "a move": lambda deal, lead, at: deal.moved(at, "proposal"),
    "a step done": lambda deal, lead, at: _of_task(deal, at, DealTaskDone),
    "a question asked": _own(DealSpinRecorded(part="problem")),
    "needs": _own(DealNeedsConfirmed()),
    "a contact": _own(DealContactAdded(contact_id=new_id(), committee_role="user", decision_maker=False)),
    "a proposal": _own(DealProposalPresented(proposal_version=1)),
}
NO_WORK: dict[str, Callable[[Deal, Lead, datetime], Story | None]] = {
    "another name": lambda deal, lead, at: deal.tell(at, DealUpdated(changed=["name"], **deal._value(None))),
    "another amount": lambda deal, lead, at: deal.updated(at, 70),
    "another owner": lambda deal, lead, at: deal.handed(at, BOB["owner_id"]),
    "a member": _own(DealMemberAdded(person_id=new_id(), part="member")),
    "a step set": _own(DealNextStepSet(due_at=on(30))),
    "a step due": lambda deal, lead, at: _of_task(deal, at, DealTaskDue),
    "the lead's owner": lambda deal, lead, at: lead.assigned(at, BOB["owner_id"], None),
}


@pytest.mark.parametrize("what", [*WORK, *NO_WORK])
async def test_work_ends_the_rest_of_a_deal_and_another_name_does_not(svc: Running, what: str) -> None:
    svc.clock.now = on(20)
    lead = Lead("lead").captured(on(0))
    deal = Deal("deal", lead, **ANN).opened(on(1), 100)
    await hear(svc, events_of([lead, deal]))
    assert await stalled(svc) == {"deal"}
    known = {e.id for e in events_of([lead, deal])}
    more = (WORK | NO_WORK)[what](deal, lead, on(19))
    told = [*events_of([lead, deal]), *(more.events if more is not None and more not in (lead, deal) else [])]
    await hear(svc, [e for e in told if e.id not in known])
    assert await stalled(svc) == (set() if what in WORK else {"deal"})
    assert await stalled(svc, as_of="2025-01-19") == {"deal"}, "it was stalled until then"


async def test_the_last_day_of_its_limit_is_not_stalled(shanghai: Running) -> None:
    """Whole days of the company: touched late in the evening of the second, it rests from the third."""
    deal = Deal("deal").opened(datetime(2025, 1, 2, 15, 30, tzinfo=ZoneInfo("UTC")))
    await hear(shanghai, deal.events)
    shanghai.clock.now = datetime(2025, 1, 16, 15, 59, tzinfo=ZoneInfo("UTC"))
    assert await stalled(shanghai) == set()
    shanghai.clock.advance(minutes=2)
    assert await stalled(shanghai) == {"deal"}


async def test_a_deal_that_is_closed_is_not_stalled_and_rests_anew_when_it_is_opened_again(svc: Running) -> None:
    svc.clock.now = on(80)
    deal = Deal("deal").opened(on(0)).lost(on(20)).reopened(on(40))
    await hear(svc, deal.events)
    days = {day: await stalled(svc, as_of=(date(2025, 1, 1) + timedelta(days=day)).isoformat()) for day in (10, 19, 20, 41, 54, 55)}
    assert [bool(found) for found in days.values()] == [False, True, False, False, False, True]


async def test_a_new_owner_has_it_as_quiet_as_it_was(svc: Running) -> None:
    svc.clock.now = on(40)
    await hear(svc, Deal("deal", **ANN).opened(on(0)).handed(on(20), **BOB).events)
    by_owner = {r["group"]: r["value"] for r in (await get(svc, "kpis/stalled_deals", by="owner"))["rows"]}
    assert by_owner == {str(person("bob")): 1}
    assert await stalled(svc, as_of="2025-01-20", owner=person("ann")) == {"deal"}
    assert await stalled(svc, as_of="2025-01-20", owner=person("bob")) == set()
    assert await stalled(svc, owner=person("bob")) == {"deal"}
    for role, subject, n in (("rep", "ann", 0), ("rep", "bob", 1), ("director", "", 1)):
        assert (await get(svc, "kpis/stalled_deals", role, subject))["total"]["value"] == n
        async with svc.client(role, subject) as client:
            assert len((await client.get("/v1/metrics/kpis/stalled_deals/records")).json()["items"]) == n
    async with svc.client("marketing", "mia") as client:
        assert (await client.get("/v1/metrics/kpis/stalled_deals")).status_code == 403
        assert (await client.get("/v1/metrics/kpis/stalled_deals/records")).status_code == 403


async def test_the_limits_are_those_that_deal_svc_has_activated(svc: Running) -> None:
    svc.clock.now = on(12)
    await hear(svc, Deal("deal").opened(on(0)).events)
    assert await stalled(svc) == set()
    document = {"stages": {"discovery": {"probability": 20, "stalled_after_days": 9}}}
    told = PolicyActivated(service="deal-svc", name="deal-svc", version=2, document=document, active_from=on(12))
    await svc.hear(told, DEAL_NUMBERS.subject, 2)
    assert await stalled(svc) == {"deal"}
    assert (await kpi(svc, "stalled_deals"))["parts"] == {"discovery": 1, "proposal": 0, "negotiation": 0, "closing": 0}


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_a_deal_its_leads_and_its_quotes_come_in_any_order(svc: Running, order: tuple[int, ...]) -> None:
    """The lead that joined was called last; the call counts also when it is told first."""
    svc.clock.now = on(40)
    first, second = Lead("first").captured(on(0)), Lead("second").captured(on(2)).contacted(on(30))
    deal = Deal("deal", first).opened(on(3))
    deal.tell(on(5), DealLeadJoined(lead_id=second.id, conversion_id=new_id()))
    stories = [first, second, deal, Quote("quote", deal).sent(on(8))]
    await hear(svc, [e for n in order for e in stories[n].events], batch=1)
    assert await stalled(svc) == set()
    assert await stalled(svc, as_of="2025-01-30") == {"deal"}
    async with svc.transaction() as tx:
        kept = await tx.rows("SELECT since, ended_at FROM quiet_fact ORDER BY n")
        assert [(r["since"], r["ended_at"]) for r in kept] == [(on(3), on(5)), (on(5), on(8)), (on(8), on(30)), (on(30), None)]
        assert await differing_cells(tx) == 0


async def test_a_corrected_history_has_the_rests_of_the_new_one(svc: Running) -> None:
    svc.clock.now = on(60)
    lead = Lead("lead").captured(on(0))
    deal = Deal("deal", lead).opened(on(1))
    await hear(svc, events_of([lead, deal]))
    deal.corrected(on(50), lead, opened=on(10), lost=on(40))
    await hear(svc, deal.events[-1:])
    assert await stalled(svc) == set()
    assert await stalled(svc, as_of="2025-01-20") == set()
    assert await stalled(svc, as_of="2025-02-05") == {"deal"}


def random_work(chance: random.Random) -> Iterator[tuple[Lead, Deal, list[Story]]]:
    """Deals with their leads, that are worked on, renamed, handed over, closed and opened again."""
    for n in range(12):
        lead = Lead(str(n)).captured(on(0))
        deal = Deal(str(n), lead, **chance.choice((ANN, BOB))).opened(on(day := chance.uniform(0, 20)))
        others: list[Story] = []
        closed = False
        for _ in range(chance.randrange(12)):
            day += chance.uniform(0, 20)
            roll = chance.random()
            if roll < 0.2:
                (deal.reopened if closed else deal.lost)(on(day))
                closed = not closed
            elif roll < 0.4 and not closed:
                deal.moved(on(day), chance.choice([s for s in STAGES if s != deal.stage]))
            elif roll < 0.7:
                deal.handed(on(day), **chance.choice((ANN, BOB)))
            else:
                what = chance.choice([w for w in (*WORK, *NO_WORK) if w not in ("a move", "another owner")])
                if (made := (WORK | NO_WORK)[what](deal, lead, on(day))) not in (None, lead, deal):
                    others.append(made)
        yield lead, deal, others


def counted(work: list[tuple[Lead, Deal, list[Story]]], day: date, zone: ZoneInfo, owner: UUID | None = None) -> set[str]:
    """The deals that are stalled at the end of the day, by reading each story up to there."""
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
    found = set()
    for lead, deal, others in work:
        own = [e for e in deal.events if e.time < end]
        turns = [e for e in own if type(e.data).__name__ in ("DealOpened", "DealStageChanged", "DealLost", "DealReopened")]
        if not turns or type(turns[-1].data).__name__ == "DealLost":
            continue
        stage = getattr(turns[-1].data, "to_stage", None) or turns[-1].data.stage
        touched = max(e.time for e in events_of([deal, lead, *others]) if e.time < end and type(e.data).__name__ in TOUCHING)
        owned_by = [e.data.owner_id for e in own if getattr(e.data, "owner_id", None)][-1]
        if (day - touched.astimezone(zone).date()).days > LIMITS[stage] and owner in (None, owned_by):
            found.add(deal.key)
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_it_is_what_counting_by_hand_gives(shanghai: Running, seed: int) -> None:
    chance, zone = random.Random(seed), ZoneInfo("Asia/Shanghai")
    work = list(random_work(chance))
    stories = [story for lead, deal, others in work for story in (lead, deal, *others)]
    chance.shuffle(stories)
    await hear(shanghai, events_of(stories), batch=chance.randrange(1, 60))
    shanghai.clock.now = on(240)
    seen = 0
    for day in (date(2025, 1, 1) + timedelta(days=chance.randrange(200)) for _ in range(12)):
        for owner in (None, person("ann"), person("bob")):
            asked = {"as_of": day.isoformat()} | ({"owner": owner} if owner else {})
            found = await stalled(shanghai, **asked)
            assert found == counted(work, day, zone, owner)
            seen += len(found)
    assert seen > 10
    shanghai.clock.now = on(300)
    assert await stalled(shanghai) == counted(work, on(300).astimezone(zone).date(), zone)
