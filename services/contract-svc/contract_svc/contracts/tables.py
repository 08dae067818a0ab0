"""Contracts, and the last number given in each year."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Numeric, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from contract_svc.contracts.rules import Contract
from contract_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.tables import At

CONTRACT = Table(
    "contract",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("revision", Integer, nullable=False, comment="1, and one more each time it goes back to draft"),
    Column("state", Text, nullable=False),
    Column("deal_id", Uuid, nullable=False),
    Column("quote_id", Uuid, nullable=False),
    Column("account_id", Uuid),
    Column("account_name", Text, nullable=False, comment="the customer as the contract names it"),
    Column("owner_id", Uuid),
    Column("team_id", Uuid),
    Column("source", Text),
    Column("product", Text, comment="product line"),
    Column("region", Text),
    Column("total", Numeric(18, 4), nullable=False),
    Column("currency", Text, nullable=False),
    Column("fx", Numeric(18, 8), nullable=False, comment="units of the reporting currency for one unit of currency, frozen"),
    Column("lines", JSONB, nullable=False, comment="the lines of the accepted quote"),
    Column("sections", JSONB, nullable=False, comment="section -> text"),
    Column("core_clauses", JSONB, nullable=False, comment="the sections that the customer confirms one by one"),
    Column("signers", JSONB, nullable=False, comment="personal: name and contact of each"),
    Column("sign_by", Date, comment="the last day to sign"),
    Column("committed_go_live_on", Date),
    Column("starts_on", Date),
    Column("ends_on", Date),
    Column("content_hash", Text, comment="SHA-256 of the content under review"),
    Column("submitted_by", Uuid),
    Column("reviews", JSONB, nullable=False, comment="part -> by, at: the approvals of this content"),
    Column("drafted_at", At, nullable=False),
    Column("signed_at", At),
    Column("live_on", Date),
    Column("live_at", At, comment="when it went live; no acceptance was before"),
    Column("acceptance_due_day", Date, comment="the last day to accept"),
    Column("acceptance_due_at", At, comment="the end of acceptance_due_day in the company's zone"),
    Column("acceptance_overdue", Boolean, nullable=False),
    Column("accepted_at", At),
    Column("paid_at", At, comment="when nothing was open any more"),
    Column("closed_at", At, comment="completed, terminated or voided"),
    Column("close_reason", Text),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    Index("uq_contract_live_quote", "quote_id", unique=True, postgresql_where=text("state <> 'voided'")),
    Index("ix_contract_quote", "quote_id"),
    Index(None, "deal_id"),
    Index(None, "account_id"),
    Index(None, "owner_id", "state"),
    Index(None, "team_id", "state"),
    Index(None, "state", "created_at"),
    Index(None, "created_at", "id"),
    Index(None, "updated_at", "id"),
    Index(None, "drafted_at", "id"),
    Index(None, "signed_at", "id"),
    Index(None, "starts_on", "id"),
    Index(None, "ends_on", "id"),
    Index(None, "total", "id"),
)
CONTRACTS = Aggregate(CONTRACT, Contract, "contract")

CONTRACT_NUMBER = Table(
    "contract_number",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("last", BigInteger, nullable=False),
    comment="the last number of each year; locking its row keeps the numbers without gaps",
)
