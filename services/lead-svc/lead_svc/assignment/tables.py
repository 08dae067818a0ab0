from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table, Text, Uuid, text

from lead_svc.assignment.record import Assignment
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

ASSIGNMENT = table(
    "lead_assignment",
    metadata,
    Assignment,
    Index("ix_lead_assignment_waiting", "at", "id", postgresql_where=text("outcome = 'waiting'")),
    comment="what the rules last decided about a lead, and why",
)
ASSIGNMENTS = Aggregate(ASSIGNMENT, Assignment, "assignment")

TURN = Table(
    "assignment_turn",
    metadata,
    Column("rule", Text, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("turn", BigInteger, nullable=False),
    PrimaryKeyConstraint("rule", "person_id"),
    comment="how far each person of a rule is: whoever is least far gets the next lead",
)
