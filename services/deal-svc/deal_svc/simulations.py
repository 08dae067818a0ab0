"""What another version of the policy would have meant for real deals and quotes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, func, select, text

from deal_svc.deals.pipeline import OPEN_STAGES, Stage
from deal_svc.deals.tables import DEAL
from deal_svc.policy import POLICY, DealPolicy
from deal_svc.quotes.record import Quote
from deal_svc.quotes.tables import QUOTE, QUOTES
from deal_svc.quotes.tiers import tier_of
from shared.calendar import day_of
from shared.db.database import Database
from shared.db.query import Query, is_in
from shared.db.tables import POLICY_SIMULATION, At
from shared.events.envelope import REGISTRY
from shared.money import minor_unit
from shared.policy.document import Difference, Looked, Simulation

BATCH = 500
_FIRST = UUID(int=0)
_most, _after = bindparam("most", type_=Integer), bindparam("after", type_=Uuid)
# A report says how things were when it was asked for, by the business's clock.
_ASKED = Query(select(func.max(POLICY_SIMULATION.c.created_at)).where(POLICY_SIMULATION.c.name == bindparam("name")), datetime)
_SENT = Query(
    select(*[QUOTE.c[n] for n in QUOTES.names])
    .where(QUOTE.c.id > _after, QUOTE.c.sent_at > bindparam("since", type_=At))
    .order_by(QUOTE.c.id)
    .limit(_most),
    Quote,
)


async def discounts(db: Database, active: DealPolicy, draft: DealPolicy, days: int) -> AsyncIterator[Looked]:
    """Quotes that were sent in the last days: whose approval their discount would have needed."""
    after = _FIRST
    while True:
        async with db.read() as reader:
            since = await reader.one(_ASKED, name=POLICY.name) - timedelta(days=days)
            sent = await reader.all(_SENT, after=after, since=since, most=BATCH)
        differ = []
        for quote in sent:
            before, then = (tier_of(quote, each.discount_authority).value for each in (active, draft))
            if before != then:
                differ.append(Difference("quote", quote.id, before, then))
        yield Looked(len(sent), differ)
        if len(sent) < BATCH:
            return
        after = sent[-1].id


@dataclass(frozen=True, slots=True)
class _Open:
    """An open deal, and when it was touched last, as far as deal-svc knows: contacts with its leads are lead-svc's."""

    id: UUID
    stage: Stage
    probability: int
    amount: Decimal
    currency: str
    touched_at: datetime


def _last_touch(told: str, of_deal: str) -> Any:
    """The time of the last touch among the events e that are told of the deal itself, its quotes or its tasks."""
    touches = ", ".join(f"'{type}'" for type, event in sorted(REGISTRY.items()) if event.touches)
    found = select(func.max(text("e.time"))).select_from(text(told)).where(text(f"{of_deal} AND e.type IN ({touches})"))
    return found.scalar_subquery()


_touched = func.greatest(
    DEAL.c.stage_since,  # an import that corrects the history tells its moves by one event
    _last_touch("event e", "e.subject = deal.id"),
    _last_touch("quote q JOIN event e ON e.subject = q.id", "q.deal_id = deal.id"),
    _last_touch("task t JOIN event e ON e.subject = t.id", "t.record_id = deal.id"),
    type_=At,
)
_OPEN = Query(
    select(
        DEAL.c.id,
        DEAL.c.stage,
        DEAL.c.probability,
        DEAL.c.amount,
        DEAL.c.currency,
        _touched.label("touched_at"),
    )
    .where(DEAL.c.id > _after, is_in(DEAL.c.stage, [stage.value for stage in OPEN_STAGES]))
    .order_by(DEAL.c.id)
    .limit(_most),
    _Open,
)


async def _open_deals(db: Database) -> AsyncIterator[tuple[datetime, list[_Open]]]:
    """When the report was asked for, and the open deals in batches."""
    after = _FIRST
    while True:
        async with db.read() as reader:
            now, found = await reader.one(_ASKED, name=POLICY.name), await reader.all(_OPEN, after=after, most=BATCH)
        yield now, found
        if len(found) < BATCH:
            return
        after = found[-1].id


async def stalls(db: Database, active: DealPolicy, draft: DealPolicy, days: int) -> AsyncIterator[Looked]:
    """Open deals that would be stalled, in whole days of the company's zone, or would not be any more."""
    zone = db.settings.zone
    async for now, found in _open_deals(db):
        differ = []
        for deal in found:
            quiet = (day_of(now, zone) - day_of(deal.touched_at, zone)).days
            limits = (each.stages.of(deal.stage).stalled_after_days for each in (active, draft))
            before, then = ("stalled" if quiet > limit else "moving" for limit in limits)
            if before != then:
                differ.append(Difference("deal", deal.id, before, then))
        yield Looked(len(found), differ)


async def forecast(db: Database, active: DealPolicy, draft: DealPolicy, days: int) -> AsyncIterator[Looked]:
    """Open deals whose weighted amount would be another one, and at the end the sums by currency."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    async for _, found in _open_deals(db):
        differ = []
        for deal in found:
            then = draft.stages.of(deal.stage).probability
            weighted = [deal.amount * percent / 100 for percent in (deal.probability, then)]
            old, new = sums.get(deal.currency, (Decimal(0), Decimal(0)))
            sums[deal.currency] = (old + weighted[0], new + weighted[1])
            if deal.probability != then:
                says = [
                    {"probability": percent, "weighted": _rounded(worth, deal.currency), "currency": deal.currency}
                    for percent, worth in zip((deal.probability, then), weighted, strict=True)
                ]
                differ.append(Difference("deal", deal.id, *says))
        yield Looked(len(found), differ)
    totals: list[Any] = [{currency: _rounded(both[n], currency) for currency, both in sorted(sums.items())} for n in (0, 1)]
    if totals[0] != totals[1]:
        yield Looked(0, [Difference("forecast", POLICY.subject, *totals)])


def _rounded(amount: Decimal, currency: str) -> str:
    return f"{amount.quantize(minor_unit(currency)):f}"


SIMULATIONS = (
    Simulation("discounts", "Quotes that were sent in these days: whose approval would their discount have needed?", discounts),
    Simulation("stalls", "All open deals: which would be stalled, and which would not be any more?", stalls),
    Simulation("forecast", "All open deals: their weighted amounts before and after, and the sums by currency.", forecast),
)
