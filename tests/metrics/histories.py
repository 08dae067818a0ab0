"""Random histories, and every KPI computed from them by counting: the plain reading of each formula.

People take each other's leads, deals and contracts over all the time. What is counted is credited to who had the record when it
happened: read from the story of the record, event by event.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from shared.events.envelope import Event
from shared.ids import external_id
from tests.metrics.told import STAGES, Contract, Deal, FollowUp, Lead, Milestone, Payment, Response, Story, Touch, on, person

SOURCES = ("email", "referral", None)
EAST, WEST = (external_id("team", name) for name in ("east", "west"))
HOLDERS = ((person("ann"), EAST), (person("bob"), WEST), (person("ann"), WEST))
"""Owners with their teams; Ann went from one to the other."""
POOL = (None, None)
CONTACTS = ("call", "visit", "meeting")

Holder = tuple[UUID | None, UUID | None]


def named(holder: Holder) -> dict[str, UUID | None]:
    return {"owner_id": holder[0], "team_id": holder[1]}


@dataclass
class World:
    leads: list[Lead] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    touches: dict[UUID, list[Touch]] = field(default_factory=dict)
    """Of each lead."""
    follow_ups: list[FollowUp] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    @property
    def stories(self) -> list[Story]:
        touches = [touch for of_lead in self.touches.values() for touch in of_lead]
        return [*self.leads, *touches, *self.follow_ups, *self.responses, *self.deals, *self.contracts, *self.milestones, *self.payments]


def random_world(seed: int, leads: int = 12) -> World:
    chance = random.Random(seed)
    world = World()
    for n in range(leads):
        day = chance.uniform(0, 60)
        lead = Lead(f"{seed}-{n}").captured(on(day), source=chance.choice(SOURCES), **named(chance.choice((*HOLDERS, POOL))))

        def hand_over(lead: Lead = lead, after: float = day) -> None:
            if chance.random() < 0.4:
                lead.assigned(on(after), *chance.choice((*HOLDERS, POOL)))

        hand_over()
        if chance.random() < 0.7:
            lead.mql(on(day + chance.uniform(0, 10)))
        hand_over(after=day + 10)
        if chance.random() < 0.5:
            lead.sql(on(day + chance.uniform(10, 20)))
        hand_over(after=day + 20)
        if chance.random() < 0.2:
            lead.updated(on(day + 30), source=chance.choice(SOURCES), **named(chance.choice(HOLDERS)))
        for _ in range(chance.randrange(5)):
            lead.contacted(on(day + chance.uniform(0, 60)), chance.choice(CONTACTS), **named(chance.choice((*HOLDERS, POOL))))
        world.leads.append(lead)
        for k in range(chance.choice([0, 1, 1, 1, 3])):
            _sell(chance, world, f"{seed}-{n}-{k}", lead, day + chance.uniform(-2, 30))
    for n in range(3):
        _sell(chance, world, f"{seed}-direct-{n}", None, chance.uniform(0, 60))
    for lead in world.leads:
        who = [{"source": chance.choice(SOURCES), **named(chance.choice((*HOLDERS, POOL)))} for _ in range(chance.randrange(4))]
        world.touches[lead.id] = [Touch(f"{lead.key}-{n}", lead, on(chance.uniform(0, 90)), **each) for n, each in enumerate(who)]
    for lead in world.leads:
        _work(chance, world, lead)
    return world


def _work(chance: random.Random, world: World, lead: Lead) -> None:
    """Follow it up, and respond to it: in time, late, or not at all, or nobody has to any more."""

    def who() -> dict[str, Any]:
        return named(chance.choice(HOLDERS))

    for n in range(chance.randrange(3)):
        day, grade = chance.uniform(0, 80), chance.choice("ABC")
        due, ended, key = day + chance.uniform(1, 10), day + chance.uniform(0, 20), f"{lead.key}-{n}"
        follow_up, response = FollowUp(key, lead, grade, **who()), Response(key, lead, grade, **who())
        follow_up.set(on(day), on(due))
        response.started(on(day), on(due))
        if ended > due:
            follow_up.due(**who())
            response.missed()
        roll = chance.random()
        if roll < 0.5:
            follow_up.done(on(ended), **who())
            response.given(on(ended), chance.randrange(1, 2000))
        elif roll < 0.7:
            follow_up.dropped(on(ended))
            response.stopped(on(ended))
        world.follow_ups.append(follow_up)
        world.responses.append(response)


def _sell(chance: random.Random, world: World, key: str, lead: Lead | None, day: float) -> None:
    fx = chance.choice([1, "7.1234"])
    deal = Deal(key, lead, currency="CNY" if fx == 1 else "USD", fx=fx, **named(chance.choice(HOLDERS)), product="crm")
    world.deals.append(deal)
    deal.opened(on(day), amount=chance.randrange(0, 1000))
    ended: str | None = None
    for _ in range(chance.randrange(1, 8)):
        day += chance.uniform(0, 15)
        if chance.random() < 0.25:  # also when it is closed
            deal.handed(on(day), *chance.choice(HOLDERS))
        roll = chance.random()
        if ended == "won":
            if roll < 0.5:
                deal.reversed(on(day))
                ended = None
        elif ended == "lost":
            if roll < 0.5:
                deal.reopened(on(day), chance.choice(STAGES))
                ended = None
        elif roll < 0.6:
            others = [s for s in STAGES if s != deal.stage]
            deal.moved(on(day), chance.choice(others), amount=chance.choice([None, chance.randrange(1000)]))
        elif roll < 0.7:
            deal.updated(on(day), chance.randrange(1000))
        elif roll < 0.88:
            deal.won(on(day), amount=chance.choice([None, chance.randrange(1000)]))
            ended = "won"
        else:
            deal.lost(on(day))
            ended = "lost"
    if ended == "won" and chance.random() < 0.6:
        _collect(chance, world, key, deal, day)


def _collect(chance: random.Random, world: World, key: str, deal: Deal, day: float) -> None:
    """A contract with a milestone, or two, that are paid before the due day, after it, or not."""
    net = None if len(world.contracts) % 2 else deal.amount * Decimal("0.85")
    contract = Contract(key, deal, deal.amount, net).drafted(on(day))
    world.contracts.append(contract)
    handed = day
    for n in range(chance.choice((1, 2))):
        due = day + chance.uniform(0, 40)
        milestone = Milestone(f"{key}-{n}", chance.randrange(1, 500), contract).due(on(due), told_at=on(day))
        world.milestones.append(milestone)
        if chance.random() < 0.5:
            handed += chance.uniform(0, 20)
            contract.handed(on(handed), *chance.choice(HOLDERS))
        if chance.random() < 0.7:
            payment = Payment(f"{key}-{n}", milestone.data["amount"].amount, contract)
            payment.received(on(day + chance.uniform(0, 60)), on(day), milestone, on(due))
            world.payments.append(payment)
            if chance.random() < 0.3:
                handed += chance.uniform(0, 10)
                contract.handed(on(handed), *chance.choice(HOLDERS))
                payment.data |= {name: contract.data[name] for name in ("owner_id", "team_id")}
                payment.reversed(on(day + chance.uniform(60, 70)))
    contract.paid(on(day + 5))
    if chance.random() < 0.4:
        contract.unpaid(on(day + 9))


@dataclass(frozen=True)
class Visit:
    deal: Deal
    cycle: int
    stage: str
    entered: datetime
    by: Holder
    left: datetime | None
    to: str | None
    left_by: Holder


@cache
def _names_owner(kind: type[Event]) -> bool:
    """Whether events of this type say who has the record from then on."""
    return "owner_id" in kind.model_fields and kind.__name__ not in ("LeadQualified", "LeadInteractionLogged")


def holder(story: Story, until: Any) -> Holder:
    """Who had the record when this event of it was told: as the last event says that names an owner. Nobody: whom the next one names."""
    found: Holder = POOL
    told = False
    for e in story.events:
        if _names_owner(type(e.data)) and (not told or found[0] is None):
            found = e.data.owner_id, e.data.team_id
        told = told or e is until
    return found


class Counted:
    """The figures of a world for a period of days, `last` exclusive and nothing after it known; those of one owner or team, if asked."""

    def __init__(self, world: World, first: date, last: date, owner: UUID | None = None, team: UUID | None = None) -> None:
        self.world = world
        self.first, self.last = first, last
        self.owner, self.team = owner, team

    def of(self, **whose: UUID | None) -> "Counted":
        return Counted(self.world, self.first, self.last, **whose)

    def credited(self, to: Holder) -> bool:
        return self.owner in (None, to[0]) and self.team in (None, to[1])

    def inside(self, at: datetime | None) -> bool:
        return at is not None and self.first <= at.date() < self.last

    def known(self, at: datetime | None) -> bool:
        return at is not None and at.date() < self.last

    def steps(self, *names: str) -> Iterator[tuple[Deal, Any]]:
        for deal in self.world.deals:
            for e in deal.events:
                if type(e.data).__name__ in names:
                    yield deal, e

    @staticmethod
    def time(story: Story, *names: str) -> datetime | None:
        return min((e.time for e in story.events if type(e.data).__name__ in names), default=None)

    def leads(self) -> list[Lead]:
        """Those that were captured by whom is asked for."""
        return [lead for lead in self.world.leads if self.credited(holder(lead, lead.events[0]))]

    def mqls(self) -> list[Lead]:
        found = [(lead, self.event(lead, "LeadMqlReached")) for lead in self.world.leads]
        return [lead for lead, e in found if e is not None and self.inside(e.time) and self.credited(holder(lead, e))]

    def sqls(self) -> list[Lead]:
        """As the lead itself tells, else by who opened its first deal."""
        return [lead for lead in self.world.leads if self.inside(self.lead_times(lead)[2]) and self.credited(self.sql_holder(lead))]

    def sql_holder(self, lead: Lead) -> Holder:
        told = self.event(lead, "LeadQualified")
        if told is not None:
            return holder(lead, told)
        first = min(self.deals_of(lead), key=lambda d: d.opened_at)
        return holder(first, first.events[0])

    @staticmethod
    def event(story: Story, name: str) -> Any:
        return next((e for e in story.events if type(e.data).__name__ == name), None)

    def direct(self) -> list[Deal]:
        deals = [d for d in self.world.deals if d.lead_id is None and self.inside(d.opened_at)]
        return [d for d in deals if self.credited(holder(d, d.events[0]))]

    def deals_of(self, lead: Lead) -> list[Deal]:
        return [d for d in self.world.deals if d.lead_id == lead.id]

    def won_now(self, deal: Deal) -> bool:
        ends = [type(e.data).__name__ for e in deal.events if self.known(e.time)]
        return bool(found := [n for n in ends if n in ("DealWon", "DealWinReversed")]) and found[-1] == "DealWon"

    def paid_now(self, deal: Deal) -> bool:
        told = [type(e.data).__name__ for c in self.world.contracts if c.of is deal for e in c.events if self.known(e.time)]
        return self.won_now(deal) and bool(told) and told[-1] == "ContractPaidInFull"

    def reached(self, deal: Deal, k: int) -> bool:
        """Whether it was ever in the stage with this number, or beyond."""
        here = [v for v in self.visits if v.deal is deal and STAGES.index(v.stage) >= k and self.known(v.entered)]
        return bool(here) or any(type(e.data).__name__ == "DealWon" and self.known(e.time) for e in deal.events)

    def at_step(self, deals: list[Deal], step: int) -> list[Deal]:
        """Those of these deals that count at F4 to F9."""
        if step == 8:
            return [d for d in deals if self.won_now(d)]
        return [d for d in deals if (self.paid_now(d) if step == 9 else self.reached(d, step - 4))]

    def taken_back(self, name: str, of: str) -> tuple[int, Decimal]:
        """How many outcomes were taken back in the period, and what they had counted, for those for whom they had."""
        amounts = []
        for deal in self.world.deals:
            last, by = Decimal(0), POOL
            for e in deal.events:
                if type(e.data).__name__ == of:
                    last, by = self.value(deal, e), holder(deal, e)
                elif type(e.data).__name__ == name and self.inside(e.time) and self.credited(by):
                    amounts.append(last)
        return len(amounts), sum(amounts, Decimal(0))

    def lasting_wins(self) -> list[tuple[Deal, Any]]:
        """Wins of the period that were not reversed by its end."""
        found = []
        for deal in self.world.deals:
            ends = [e for e in deal.events if type(e.data).__name__ in ("DealWon", "DealWinReversed") and self.known(e.time)]
            won = ends and type(ends[-1].data).__name__ == "DealWon" and self.inside(ends[-1].time)
            if won and self.credited(holder(deal, ends[-1])):
                found.append((deal, ends[-1]))
        return found

    def contacts(self) -> list[Any]:
        told = [e for lead in self.world.leads for e in lead.events if type(e.data).__name__ == "LeadInteractionLogged"]
        return [e for e in told if self.inside(e.time) and self.credited((e.data.owner_id, e.data.team_id))]

    def touches(self, first: bool = False) -> list[Any]:
        """All of them, or those that were the first of their leads."""
        told = [sorted((touch.events[-1] for touch in touches), key=lambda e: e.time) for touches in self.world.touches.values()]
        kept = [e for of_lead in told for e in (of_lead[:1] if first else of_lead)]
        return [e for e in kept if self.inside(e.time) and self.credited((e.data.owner_id, e.data.team_id))]

    def prompt(self, stories: Sequence[FollowUp | Response], grade: str) -> tuple[int, int]:
        """How many of those of leads of a grade were done in time, and how many were due: each by how it ended."""
        made = missed = 0
        for story in stories:
            *_, last = story.events
            late = next((e for e in story.events if type(e.data).__name__ in ("LeadTaskDue", "LeadFirstResponseMissed")), None)
            counted = late or (last if type(last.data).__name__ in ("LeadTaskDone", "LeadFirstResponded") else None)
            if counted is None or counted.data.grade != grade or not self.inside(counted.time):
                continue
            if self.credited((counted.data.owner_id, counted.data.team_id)):
                made, missed = made + (late is None), missed + (late is not None)
        return made, made + missed

    def response_minutes(self) -> list[int]:
        """Of the responses that were given in the period, for whoever had the lead when they were due or given."""
        found = []
        for story in self.world.responses:
            given = next((e for e in story.events if type(e.data).__name__ == "LeadFirstResponded"), None)
            late = next((e for e in story.events if type(e.data).__name__ == "LeadFirstResponseMissed"), None)
            if given is not None and self.inside(given.time):
                whose = (late or given).data
                if self.credited((whose.owner_id, whose.team_id)):
                    found.append(given.data.minutes)
        return found

    def contacts_before_wins(self) -> list[int]:
        """Of each lasting win of a deal that came from a lead."""
        of = {lead.id: [e.time for e in lead.events if type(e.data).__name__ == "LeadInteractionLogged"] for lead in self.world.leads}
        return [len([at for at in of[deal.lead_id] if at <= e.time]) for deal, e in self.lasting_wins() if deal.lead_id]

    def open_qualified(self) -> int:
        open_now = [
            d
            for d in self.world.deals
            if any(v.deal is d and self.known(v.entered) and not self.known(v.left) for v in self.visits)
            and self.credited(holder(d, [e for e in d.events if self.known(e.time)][-1]))
        ]
        return len([d for d in open_now if d.lead_id is not None or self.reached(d, 1)])

    def lead_times(self, lead: Lead) -> tuple[datetime, datetime | None, datetime | None, datetime | None]:
        """Captured, at least MQL, at least SQL, deal."""
        deal = min((d.opened_at for d in self.world.deals if d.lead_id == lead.id), default=None)
        sql = min((t for t in (self.time(lead, "LeadQualified"), deal) if t), default=None)
        mql = min((t for t in (self.time(lead, "LeadMqlReached"), sql) if t), default=None)
        captured = self.time(lead, "LeadCaptured")
        assert captured is not None
        return captured, mql, sql, deal

    def ended(self, name: str) -> tuple[int, Decimal]:
        amounts = [self.value(deal, e) for deal, e in self.steps(name) if self.inside(e.time) and self.credited(holder(deal, e))]
        return len(amounts), sum(amounts, Decimal(0))

    @staticmethod
    def value(deal: Deal, event: Any) -> Decimal:
        """The amount of the deal as of this event."""
        found = Decimal(0)
        for e in deal.events:
            if getattr(e.data, "amount", None) is not None:
                found = e.data.amount.amount * e.data.fx
            if e is event:
                break
        return found

    def worth(self, deal: Deal) -> Decimal:
        """The amount of the deal as it is known."""
        return self.value(deal, [e for e in deal.events if self.known(e.time)][-1])

    @cached_property
    def visits(self) -> list[Visit]:
        found = []
        for deal in self.world.deals:
            now: tuple[int, str, datetime, Holder] | None = None
            for e in deal.events:
                name, d = type(e.data).__name__, e.data
                if name == "DealUpdated":
                    continue
                if now is not None:
                    to = {"DealWon": "won", "DealLost": "lost"}.get(name) or d.direction
                    found.append(Visit(deal, *now, e.time, to, holder(deal, e)))
                    now = None
                if name == "DealOpened":
                    now = 1, d.stage, e.time, holder(deal, e)
                elif name == "DealStageChanged":
                    now = d.cycle, d.to_stage, e.time, holder(deal, e)
                elif name in ("DealReopened", "DealWinReversed"):
                    now = d.cycle, d.stage, e.time, holder(deal, e)
            if now is not None:
                found.append(Visit(deal, *now, None, None, POOL))
        return found

    def stage_conversion(self, stage: str) -> tuple[int, int]:
        entered = passed = 0
        visits = self.visits
        for deal in self.world.deals:
            for cycle in range(1, deal.cycle + 1):
                own = [v for v in visits if v.deal is deal and v.cycle == cycle]
                here = [v for v in own if v.stage == stage]
                if here and self.inside(here[0].entered) and self.credited(here[0].by):
                    entered += 1
                    beyond = [v for v in own if STAGES.index(v.stage) > STAGES.index(stage) and self.known(v.entered)]
                    beyond += [v for v in own if v.to == "won" and self.known(v.left)]
                    passed += bool(beyond)
                entered -= bool(here) and self._taken_off(deal, cycle, stage, here[0], own)
        return passed, entered

    def _taken_off(self, deal: Deal, cycle: int, stage: str, first: Visit, own: list[Visit]) -> bool:
        """Whether the deal was lost in this cycle before it was beyond the stage, and reopened in the period."""
        further = [v for v in own if STAGES.index(v.stage) > STAGES.index(stage) or v.to == "won"]
        again = [e for e in deal.events if type(e.data).__name__ == "DealReopened" and e.data.cycle == cycle + 1]
        return not further and bool(again) and self.inside(again[0].time) and self.credited(first.by)

    def had_contract(self, milestone: Milestone) -> Holder:
        """On its due day."""
        contract = next(c for c in self.world.contracts if c.id == milestone.data["contract_id"])
        day = milestone.due_at.replace(hour=0, minute=0, second=0, microsecond=0)
        told = sorted((e for e in contract.events if type(e.data).__name__ == "ContractChanged"), key=lambda e: e.time)
        drafted = contract.events[0].data
        last = [e.data for e in told if e.time <= day]
        return (last[-1].owner_id, last[-1].team_id) if last else (drafted.owner_id, drafted.team_id)

    def due(self) -> tuple[Decimal, Decimal]:
        """What was due by the end of the period, and what was overdue and unpaid then."""
        due = overdue = Decimal(0)
        for m in self.world.milestones:
            if self.known(m.due_at) and self.credited(self.had_contract(m)):
                amount = m.data["amount"].amount * m.data["fx"]
                due += amount
                paid = [p for p in self.world.payments if p.key == m.key and self.known(p.events[0].time)]
                kept = [p for p in paid if len(p.events) == 1 or not self.known(p.events[1].time)]
                late = m.due_at.date() < self.last - timedelta(days=1)
                overdue += amount if late and not kept else 0
        return due, overdue

    def cash(self) -> list[tuple[Decimal, float]]:
        """What came in during the period, and after how many days; what was taken back is negative."""
        found = []
        for p in self.world.payments:
            received = p.events[0].data
            if not self.credited((received.owner_id, received.team_id)):
                continue
            amount, waited = p.data["amount"].amount * p.data["fx"], days(received.received_at - received.signed_at)
            found += [(sign * amount, waited) for sign, e in zip((1, -1), p.events, strict=False) if self.inside(e.time)]
        return found


def days(span: timedelta) -> float:
    return span.total_seconds() / 86_400
