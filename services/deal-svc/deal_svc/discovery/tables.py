"""SPIN entries, the buying committee and proposals: parts of a deal, written under its lock."""

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from deal_svc.metadata import metadata
from shared.db.tables import At

SPIN_ENTRY = Table(
    "spin_entry",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("deal_id", Uuid, nullable=False),
    Column("part", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("explicit", Boolean, nullable=False),
    Column("recorded_by", Uuid, nullable=False),
    Column("at", At, nullable=False),
    Index(None, "deal_id", "part"),
)

MEMBER = Table(
    "committee_member",
    metadata,
    Column("deal_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Column("committee_role", Text, nullable=False),
    Column("decision_maker", Boolean, nullable=False),
    Column("stance", Text, nullable=False),
    Column("added_at", At, nullable=False),
    PrimaryKeyConstraint("deal_id", "contact_id"),
)

PROPOSAL = Table(
    "proposal",
    metadata,
    Column("deal_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("points", JSONB, nullable=False),
    Column("drafted_at", At, nullable=False),
    Column("presented_at", At),
    PrimaryKeyConstraint("deal_id", "number"),
)
