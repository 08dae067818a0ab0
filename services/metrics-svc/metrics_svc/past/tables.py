"""What converts the frozen rates of old events, when the reporting currency has changed."""

from sqlalchemy import CheckConstraint, Column, Date, Integer, Numeric, PrimaryKeyConstraint, Table, Uuid

from metrics_svc.metadata import metadata

DAY_RATE = Table(
    "day_rate",
    metadata,
    Column("number", Integer, nullable=False, comment="of the change, as in the table company"),
    Column("day", Date, nullable=False),
    Column("rate", Numeric, nullable=False),
    PrimaryKeyConstraint("number", "day"),
    CheckConstraint("rate > 0", name="rate"),
    comment="units of the new reporting currency for one of the old, by day",
)

DEAL_RATE = Table(
    "deal_rate",
    metadata,
    Column("number", Integer, nullable=False, comment="of the change, as in the table company"),
    Column("deal_id", Uuid, nullable=False),
    Column("rate", Numeric, nullable=False),
    PrimaryKeyConstraint("number", "deal_id"),
    CheckConstraint("rate > 0", name="rate"),
    comment="the rate of the day on which the deal was opened: all its amounts are converted by it",
)
