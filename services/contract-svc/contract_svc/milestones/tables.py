"""Payment milestones of contracts."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Numeric, Table, Text, UniqueConstraint, Uuid

from contract_svc.metadata import metadata
from contract_svc.milestones.rules import Milestone
from shared.db.query import Aggregate
from shared.db.tables import At

MILESTONE = Table(
    "milestone",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("contract_id", Uuid, nullable=False),
    Column("position", Integer, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("percent", Numeric(7, 4), nullable=False),
    Column("amount", Numeric(18, 4), nullable=False),
    Column("currency", Text, nullable=False),
    Column("due_days", Integer, nullable=False, comment="after the trigger"),
    Column("due_on", Date, comment="the trigger's day, where that is a date"),
    Column("state", Text, nullable=False),
    Column("triggered_at", At),
    Column("due_day", Date, comment="the last day to pay"),
    Column("due_at", At, comment="the end of due_day in the company's zone; overdue from then on"),
    Column("overdue_since", At),
    Column("paid", Numeric(18, 4), nullable=False),
    Column("waived", Numeric(18, 4), nullable=False),
    Column("settled_at", At, comment="when nothing was open any more"),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    UniqueConstraint("contract_id", "position"),
    Index(None, "state", "due_at"),
)
MILESTONES = Aggregate(MILESTONE, Milestone, "milestone")
