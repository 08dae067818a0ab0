"""Random histories, and every KPI computed from them by counting: the plain reading of each formula."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.metrics.told import STAGES, Contract, Deal, Lead, Story, on, person

SOURCES = ("email", "referral", None)
OWNERS = ("ann", "bob")


@dataclass
class World:
    leads: list[Lead] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)

    @property
    def stories(self) -> list[Story]:
        return [*self.leads, *self.deals, *self.contracts]


def random_world(seed: int, leads: int = 12) -> World:
    chance = random.Random(seed)
    world = World()
    for n in range(leads):
        day = chance.uniform(0, 60)
        lead = Lead(f"{seed}-{n}").captured(on(day), source=chance.choice(SOURCES), owner_id=person(chance.choice(OWNERS)))
        if chance.random() < 0.7:
            lead.mql(on(day + chance.uniform(0, 10)))
        if chance.random() < 0.5:
            lead.sql(on(day + chance.uniform(10, 20)))
        if chance.random() < 0.2:
            lead.updated(on(day + 30), source=chance.choice(SOURCES), owner_id=person(chance.choice(OWNERS)))
        world.leads.append(lead)
        for k in range(chance.choice([0, 1, 1, 1, 3])):
            _sell(chance, world, f"{seed}-{n}-{k}", lead, day + chance.uniform(-2, 30))
    for n in range(3):
        _sell(chance, world, f"{seed}-direct-{n}", None, chance.uniform(0, 60))
    return world


def _sell(chance: random.Random, world: World, key: str, lead: Lead | None, day: float) -> None:
    fx = chance.choice([1, "7.1234"])
    deal = Deal(key, lead, currency="CNY" if fx == 1 else "USD", fx=fx, owner_id=person(chance.choice(OWNERS)), product="crm")
    world.deals.append(deal)
    deal.opened(on(day), amount=chance.randrange(0, 1000))
    ended: str | None = None
    for _ in range(chance.randrange(1, 8)):
        day += chance.uniform(0, 15)
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
    if ended == "won" and chance.random() < 0.5:
        contract = Contract(key, deal, deal.amount).paid(on(day + 5))
        if chance.random() < 0.4:
            contract.unpaid(on(day + 9))
        world.contracts.append(contract)


@dataclass(frozen=True)
class Visit:
    deal: Deal
    cycle: int
    stage: str
    entered: datetime
    left: datetime | None
    to: str | None


class Counted:
    """The figures of a world for a period of days, `last` exclusive and nothing after it known."""

    def __init__(self, world: World, first: date, last: date) -> None:
        self.world = world
        self.first, self.last = first, last

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

    def first_mql(self, lead: Lead) -> datetime | None:
        """Itself, not only beyond."""
        return self.time(lead, "LeadMqlReached")

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
        here = [v for v in self.visits() if v.deal is deal and STAGES.index(v.stage) >= k and self.known(v.entered)]
        return bool(here) or any(type(e.data).__name__ == "DealWon" and self.known(e.time) for e in deal.events)

    def at_step(self, deals: list[Deal], step: int) -> list[Deal]:
        """Those of these deals that count at F4 to F9."""
        if step == 8:
            return [d for d in deals if self.won_now(d)]
        return [d for d in deals if (self.paid_now(d) if step == 9 else self.reached(d, step - 4))]

    def taken_back(self, name: str, of: str) -> tuple[int, Decimal]:
        """How many outcomes were taken back in the period, and what they had counted."""
        amounts = []
        for deal in self.world.deals:
            last = Decimal(0)
            for e in deal.events:
                if type(e.data).__name__ == of:
                    last = self.value(deal, e)
                elif type(e.data).__name__ == name and self.inside(e.time):
                    amounts.append(last)
        return len(amounts), sum(amounts, Decimal(0))

    def lasting_wins(self) -> list[tuple[Deal, Any]]:
        """Wins of the period that were not reversed by its end."""
        found = []
        for deal in self.world.deals:
            ends = [e for e in deal.events if type(e.data).__name__ in ("DealWon", "DealWinReversed") and self.known(e.time)]
            if ends and type(ends[-1].data).__name__ == "DealWon" and self.inside(ends[-1].time):
                found.append((deal, ends[-1]))
        return found

    def open_qualified(self) -> int:
        open_now = [
            d for d in self.world.deals if any(v.deal is d and self.known(v.entered) and not self.known(v.left) for v in self.visits())
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
        amounts = [self.value(deal, e) for deal, e in self.steps(name) if self.inside(e.time)]
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

    def visits(self) -> list[Visit]:
        found = []
        for deal in self.world.deals:
            now: tuple[int, str, datetime] | None = None
            for e in deal.events:
                name, d = type(e.data).__name__, e.data
                if name == "DealUpdated":
                    continue
                if now is not None:
                    to = {"DealWon": "won", "DealLost": "lost"}.get(name) or d.direction
                    found.append(Visit(deal, *now, e.time, to))
                    now = None
                if name == "DealOpened":
                    now = 1, d.stage, e.time
                elif name == "DealStageChanged":
                    now = d.cycle, d.to_stage, e.time
                elif name in ("DealReopened", "DealWinReversed"):
                    now = d.cycle, d.stage, e.time
            if now is not None:
                found.append(Visit(deal, *now, None, None))
        return found

    def stage_conversion(self, stage: str) -> tuple[int, int]:
        entered = passed = 0
        visits = self.visits()
        for deal in self.world.deals:
            for cycle in range(1, deal.cycle + 1):
                own = [v for v in visits if v.deal is deal and v.cycle == cycle]
                here = [v for v in own if v.stage == stage]
                if here and self.inside(here[0].entered):
                    entered += 1
                    beyond = [v for v in own if STAGES.index(v.stage) > STAGES.index(stage) and self.known(v.entered)]
                    beyond += [v for v in own if v.to == "won" and self.known(v.left)]
                    passed += bool(beyond)
        return passed, entered


def days(span: timedelta) -> float:
    return span.total_seconds() / 86_400
