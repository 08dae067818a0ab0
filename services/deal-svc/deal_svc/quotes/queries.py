"""Reads of quotes. A quote is seen by whoever sees its deal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, exists, select

from deal_svc.catalog.queries import prices_on
from deal_svc.deals.rules import Deal
from deal_svc.deals.tables import DEAL, DEALS
from deal_svc.quotes.rules import Facts, Line, Quote, QuoteStatus, lines_of
from deal_svc.quotes.tables import QUOTE, QUOTES
from shared.auth import Actor
from shared.db import scope
from shared.db.query import Query, is_in
from shared.db.scoped import Scoped
from shared.db.tx import Reader
from shared.http.listing import Listing

LIST = Listing(
    QUOTE,
    Quote,
    filters={
        "deal_id": QUOTE.c.deal_id,
        **{name: QUOTE.c[name] for name in ("number", "status", "currency", "net", "total", "discount_percent")},
        **{name: QUOTE.c[name] for name in ("quoted_on", "valid_until", "sent_at", "accepted_at", "created_at")},
    },
    sorts=("created_at", "valid_until", "total"),
    default="-created_at",
    search=(QUOTE.c.number,),
)


@lru_cache(maxsize=32)
def _of_visible_deal(where: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(DEAL.c.id).where(DEAL.c.id == QUOTE.c.deal_id, where))


def visible(by: Actor) -> ColumnElement[bool]:
    """The WHERE condition for quotes; run it with `scope.params(by)`."""
    return _of_visible_deal(scope.visible(by, DEAL.c.owner_id))


SEEN = Scoped(QUOTES, visible)


@dataclass(frozen=True, slots=True)
class _Standing:
    id: UUID
    revised: bool
    rival_accepted: bool


_newer, _rival = QUOTE.alias("newer"), QUOTE.alias("rival")
_STANDING = Query(
    select(
        QUOTE.c.id,
        exists().where(_newer.c.number == QUOTE.c.number, _newer.c.revision > QUOTE.c.revision).label("revised"),
        exists()
        .where(_rival.c.deal_id == QUOTE.c.deal_id, _rival.c.status == QuoteStatus.ACCEPTED.value, _rival.c.id != QUOTE.c.id)
        .label("rival_accepted"),
    ).where(is_in(QUOTE.c.id, "ids")),
    _Standing,
)


async def facts_of(db: Reader, quotes: Sequence[Quote], today: date) -> dict[UUID, Facts]:
    """What else decides about these quotes; their prices are compared with the price book only while they are drafts."""
    found = {s.id: Facts(s.revised, s.rival_accepted) for s in await db.all(_STANDING, ids=[q.id for q in quotes])}
    drafts = {q.id: (q.currency, lines_of(q)) for q in quotes if q.status is QuoteStatus.DRAFT}
    if drafts:
        book = await prices_on(db, {x.product_id for _, lines in drafts.values() for x in lines}, today)
        for id, (currency, lines) in drafts.items():
            found[id] = replace(found[id], outdated=_outdated(lines, currency, book))
    return found


def _outdated(lines: Sequence[Line], currency: str, book: Mapping[tuple[UUID, str], Any]) -> tuple[str, ...]:
    def moved(x: Line) -> bool:
        price = book.get((x.product_id, currency))
        return price is None or price.unit_price != x.unit_price

    return tuple(sorted({x.sku for x in lines if moved(x)}))


async def deals_of(db: Reader, quotes: Sequence[Quote]) -> dict[UUID, Deal]:
    return {d.id: d for d in await db.all(DEALS.get_many, ids=list({q.deal_id for q in quotes}))}


_of_deal = select(QUOTE.c.id).where(QUOTE.c.deal_id == DEAL.c.id).correlate(DEAL)
KNOWN: list[ColumnElement[Any]] = [
    _of_deal.where(QUOTE.c.sent_at.is_not(None)).exists().label("has_sent_quote"),
    _of_deal.where(QUOTE.c.status == QuoteStatus.ACCEPTED.value).exists().label("has_accepted_quote"),
]
"""Columns of a select on `deal`: what the guards of its stages ask."""

_locked = select(*[QUOTE.c[n] for n in QUOTES.names]).order_by(QUOTE.c.id).with_for_update()
OF_DEAL = Query(_locked.where(QUOTE.c.deal_id == bindparam("deal_id"), is_in(QUOTE.c.status, "statuses")), Quote)
SENT_OF_NUMBER = Query(_locked.where(QUOTE.c.number == bindparam("number"), QUOTE.c.status == QuoteStatus.SENT.value), Quote)
IDS_OF_DEAL = Query(select(QUOTE.c.id).where(QUOTE.c.deal_id == bindparam("deal_id")), UUID)
