"""What the company has decided: zone and currency, exchange rates, and the documents of policy."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Numeric, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import PLUMBING, At

COMPANY = Table(
    "company",
    PLUMBING,
    Column("number", Integer, primary_key=True, autoincrement=False, comment="1, and one more with each change"),
    Column("time_zone", Text, nullable=False),
    Column("reporting_currency", Text, nullable=False),
    Column("since", At, nullable=False, comment="events recorded before are in the currency of the row before"),
    Column("state", Text, nullable=False, comment="moving, moved, done: how far this database is with the change"),
    comment="the zone and currency that the data are kept in; services start with no others",
)

RATE = Table(
    "rate",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("base", Text, nullable=False, comment="the reporting currency when it was set"),
    Column("day", Date, nullable=False),
    Column("rate", Numeric(18, 8), comment="units of base for one unit of currency; null for one that was taken back"),
    Column("source", Text, nullable=False),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    UniqueConstraint("base", "currency", "day"),
    Index(None, "day", "id"),
    comment="exchange rates by day, as lead-svc told them: kept where amounts are converted",
)

POLICY_VERSION = Table(
    "policy_version",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, comment="the document's: the service's name, or company"),
    Column("number", Integer, nullable=False, comment="1 for the defaults that the database began with"),
    Column("state", Text, nullable=False, comment="draft, approved, active, retired, withdrawn"),
    Column("document", JSONB, nullable=False),
    Column("based_on", Integer, nullable=False, comment="the version that was active when it was drafted or last changed; 0 for none"),
    Column("running", Text, nullable=False, comment="keep or move: what happens to what runs when it becomes active"),
    Column("note", Text, comment="why"),
    Column("reason", Text, comment="why it was withdrawn"),
    Column("author_id", Uuid, nullable=False),
    Column("approved_by", Uuid),
    Column("approved_at", At),
    Column("activated_by", Uuid),
    Column("active_from", At, comment="since when it is active, or from when on it will be"),
    Column("retired_at", At),
    Column("move_after", Uuid, comment="up to which record what runs has moved"),
    Column("moved_at", At, comment="since when all that runs has moved"),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("name", "number"),
    Index("ix_policy_version_active", "name", unique=True, postgresql_where=text("state = 'active'")),
    comment="the documents of policy that this service owns, in all their versions",
)

POLICY_SIMULATION = Table(
    "policy_simulation",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("state", Text, nullable=False, comment="queued, running, done, failed, cancelled, outdated"),
    Column("parts", JSONB, nullable=False, comment="for each simulation of the document: what it has found so far"),
    Column("kept", Integer, nullable=False, comment="records that are listed"),
    Column("left_out", Integer, nullable=False, comment="records that would differ too, beyond those that are listed"),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("actor_id", Uuid, nullable=False),
    Column("created_at", At, nullable=False),
    Column("finished_at", At),
    Index("ix_policy_simulation_open", "created_at", postgresql_where=text("state IN ('queued', 'running')")),
    Index(None, "name", "number", "created_at"),
    comment="reports on drafts of policy: for which real records they would decide otherwise",
)

POLICY_DIFFERENCE = Table(
    "policy_difference",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("simulation_id", Uuid, nullable=False),
    Column("part", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    Index(None, "simulation_id", "id"),
    comment="the records that a simulation has found",
)

POLICY_COPY = Table(
    "policy_copy",
    PLUMBING,
    Column("name", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("active_from", At, nullable=False),
    Column("version", BigInteger, nullable=False, comment="of the event that told it"),
    comment="the active documents of other services, as their events told them",
)
