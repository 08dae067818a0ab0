"""Reads of what customers did, and of what their page shows."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, select

from deal_svc.customer.record import Did, Evidence
from deal_svc.customer.tables import EVIDENCE
from deal_svc.quotes.queries import facts_of
from deal_svc.quotes.record import Quote
from deal_svc.quotes.rules import QuoteFacts
from deal_svc.quotes.tables import QUOTES
from shared.db.query import Query
from shared.db.tx import Reader
from shared.http.listing import Listing

LIST = Listing(EVIDENCE, Evidence, filters={"did": EVIDENCE.c.did, "at": EVIDENCE.c.at}, sorts=("at",), default="at")
OF_QUOTE: ColumnElement[bool] = EVIDENCE.c.quote_id == bindparam("quote_id", type_=Uuid)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who said yes by a link, and when."""

    name: str
    at: datetime


_accepted = select(EVIDENCE.c.name, EVIDENCE.c.at).where(OF_QUOTE, EVIDENCE.c.did == Did.ACCEPTED.value)
_SIGNED = Query(_accepted.order_by(EVIDENCE.c.at.desc()).limit(1), Signed)


async def shown(db: Reader, quote_id: UUID, today: date) -> tuple[Quote, QuoteFacts, Signed | None]:
    """What the customer's page is made of."""
    quote: Any = await db.get(QUOTES, quote_id)
    facts = (await facts_of(db, [quote], today))[quote_id]
    return quote, facts, await db.first(_SIGNED, quote_id=quote_id) if quote.accepted_at else None
