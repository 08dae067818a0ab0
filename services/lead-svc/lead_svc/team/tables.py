from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, Uuid, text

from lead_svc.metadata import metadata
from lead_svc.team.rules import Person, Team
from shared.db.query import Aggregate
from shared.db.tables import At

TEAM = Table(
    "team",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("external_id", Text, unique=True),
    Column("name", Text, nullable=False),
    Column("parent_id", Uuid, index=True),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    Column("version", BigInteger, nullable=False),
)

PERSON = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("external_id", Text, unique=True),
    Column("name", Text),
    Column("email", Text),
    Column("role", Text, nullable=False),
    Column("team_id", Uuid, index=True),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("imported", Boolean, nullable=False, server_default=text("false"), comment="named by an import before anybody entered it"),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_person_created", "created_at", "id"),
)

TEAMS = Aggregate(TEAM, Team, "team")
PEOPLE = Aggregate(PERSON, Person, "person")
