"""Parties as lead-svc tells of them, who has a part in what, and who has read what."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import PLUMBING, At

ROSTER = Table(
    "roster",
    PLUMBING,
    Column("person_id", Uuid, primary_key=True),
    Column("team_id", Uuid),
    Column("team_path", ARRAY(Uuid), nullable=False, comment="ids from the root team to the person's own"),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("version", BigInteger, nullable=False),
    comment="who is in which team, as lead-svc's events told it: ids only, for row access and for the team of an event",
)

PARTY_ACCOUNT = Table(
    "party_account",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False, server_default=text("0"), comment="of its last event; 0 while an import alone names it"),
    Column("name", Text, nullable=False),
    Column("owner_id", Uuid),
    Column("region", Text),
    Column("tier", Text),
    comment="accounts as lead-svc, the party master, tells of them; lead-svc itself has its own table of them",
)

PARTY_MERGE = Table(
    "party_merge",
    PLUMBING,
    Column("id", Uuid, primary_key=True, comment="of the merge in lead-svc"),
    Column("party", Text, nullable=False, comment="account or contact"),
    Column("survivor_id", Uuid, nullable=False),
    Column("absorbed_id", Uuid, nullable=False),
    Column("moved", JSONB, nullable=False, comment="part -> records that name the survivor by this merge"),
    Column("undone", Boolean, nullable=False),
    Index("ix_party_merge_absorbed_id", "absorbed_id", postgresql_where=text("NOT undone")),
    comment="accounts and contacts that were merged, and what has moved here by that, so that it can be undone",
)

MEMBERSHIP = Table(
    "membership",
    PLUMBING,
    Column("record_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("part", Text, nullable=False, comment="creator, owner (of an account), member (of its team)"),
    PrimaryKeyConstraint("record_id", "person_id", "part"),
    Index(None, "person_id", "record_id"),
    comment="who has a part in which record besides its owner, and so sees it",
)

ACCESS_LOG = Table(
    "access_log",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("at", At, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("operation", Text, nullable=False, comment="the operation's id in the OpenAPI document"),
    Column("record_id", Uuid, comment="empty for a list"),
    Column("records", Integer, comment="how many a list showed"),
    Column("query", Text, comment="of a list, without the values of personal data"),
    Column("request_id", Text, nullable=False),
    Column("reason", Text, comment="why, as the reader said"),
    Index(None, "at", "id"),
    Index(None, "actor_id", "at"),
    Index(None, "record_id", "at", postgresql_where=text("record_id IS NOT NULL")),
    comment="reads of personal data, and exports; changes are in event",
)
