"""Contracts, and the last number given in each year."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from contract_svc.contracts.record import Contract
from contract_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

CONTRACT = table(
    "contract",
    metadata,
    Contract,
    # Written by the release before only: whether it is late is its deadline's. The column goes with the next release.
    Column("acceptance_overdue", Boolean, nullable=False, server_default=text("false")),
    Column("reviews", JSONB, nullable=False, server_default=text("'{}'"), comment="of the release before; not read any more"),
    Column("submitted_by", Uuid, comment="of the release before; not read any more"),
    CheckConstraint("total >= 0", name="total"),
    CheckConstraint("fx >= 0", name="fx"),
    CheckConstraint("revision > 0", name="revision"),
    CheckConstraint("ends_on >= starts_on", name="term"),
    CheckConstraint("acceptance_due_day >= live_on", name="acceptance"),
    Index("uq_contract_standing_quote", "quote_id", unique=True, postgresql_where=text("state NOT IN ('voided', 'terminated')")),
    Index("ix_contract_quote", "quote_id"),
    *(Index(None, name) for name in ("deal_id", "account_id")),
    *(Index(None, name, "state") for name in ("owner_id", "team_id")),
    Index(None, "state", "created_at"),
    *(Index(None, name, "id") for name in ("created_at", "updated_at", "drafted_at", "signed_at", "starts_on", "ends_on", "total")),
)
CONTRACTS = Aggregate(CONTRACT, Contract, "contract")

CONTRACT_NUMBER = Table(
    "contract_number",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("last", BigInteger, nullable=False),
    comment="the last number of each year; locking its row keeps the numbers without gaps",
)
