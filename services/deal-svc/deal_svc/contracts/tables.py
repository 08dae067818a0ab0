"""Contracts of deals."""

from sqlalchemy import Index

from deal_svc.contracts.record import DealContract
from deal_svc.metadata import metadata
from shared.db.record import table

DEAL_CONTRACT = table(
    "deal_contract",
    metadata,
    DealContract,
    Index(None, "deal_id"),
    Index(None, "quote_id"),
    key=("contract_id",),
    comment="contracts of deals and their states, as contract-svc told: deals show them, and who approves one sees its deal meanwhile",
)
