from sqlalchemy import Index

from lead_svc.metadata import metadata
from lead_svc.team.record import Person, Team
from shared.db.query import Aggregate
from shared.db.record import table

TEAM = table("team", metadata, Team, Index("ix_team_parent_id", "parent_id"))
PERSON = table("person", metadata, Person, Index("ix_person_team_id", "team_id"), Index("ix_person_created", "created_at", "id"))

TEAMS = Aggregate(TEAM, Team, "team")
PEOPLE = Aggregate(PERSON, Person, "person")
