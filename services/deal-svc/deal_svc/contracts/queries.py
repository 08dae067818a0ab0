"""Reads of the contracts of deals."""

from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from deal_svc.contracts.record import FELL
from deal_svc.contracts.tables import DEAL_CONTRACT
from deal_svc.deals.tables import DEAL
from deal_svc.quotes.tables import QUOTE
from shared.db.query import is_in

_shown = func.jsonb_build_object(
    "id", DEAL_CONTRACT.c.contract_id, *[part for name in ("quote_id", "number", "state") for part in (name, DEAL_CONTRACT.c[name])]
)
_last = select(_shown).where(DEAL_CONTRACT.c.deal_id == DEAL.c.id).order_by(DEAL_CONTRACT.c.contract_id.desc()).limit(1)
KNOWN: list[ColumnElement[Any]] = [_last.correlate(DEAL).scalar_subquery().label("contract")]
"""Columns of a select on `deal`: the contract that was drafted last. Ids are in the order of time."""

_of_quote = exists().where(DEAL_CONTRACT.c.quote_id == QUOTE.c.id)
_over = is_in(DEAL_CONTRACT.c.state, list(FELL))
CONTRACT_FELL = (_of_quote.where(_over) & ~_of_quote.where(~_over)).label("contract_fell")
"""A column of a select on `quote`: it has had a contract, and none that stands."""
