"""The deals of quotes, beside the items of a list: `embed=deal`."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from deal_svc.deals.tables import DEAL
from shared.db.query import Query, is_in
from shared.http.embed import Embedded, all_of
from shared.known import StageName


@dataclass(frozen=True, slots=True)
class DealOfQuote:
    """A deal of some of the items, and the customer that it is with."""

    id: UUID
    name: str
    stage: StageName
    account_id: UUID
    account_name: str | None


_NAMES = Query(
    select(*[DEAL.c[name] for name in DealOfQuote.__slots__]).where(is_in(DEAL.c.id, "ids")).order_by(DEAL.c.name, DEAL.c.id), DealOfQuote
)
EMBEDDED_DEAL = Embedded("deal_id", "deals", DealOfQuote, all_of(_NAMES))
"""Whoever sees a quote sees its deal."""
