"""Accepted quotes as deal-svc told them."""

from sqlalchemy import Index

from contract_svc.metadata import metadata
from contract_svc.redrafting.record import AcceptedQuote
from shared.db.record import table

ACCEPTED_QUOTE = table(
    "accepted_quote",
    metadata,
    AcceptedQuote,
    Index(None, "deal_id"),
    comment="quotes that customers accepted, as deal-svc told: a contract is drafted of one again when the first one fell",
)
