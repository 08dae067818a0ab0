from sqlalchemy import CheckConstraint, Index

from lead_svc.absences.record import Absence
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

ABSENCE = table(
    "absence",
    metadata,
    Absence,
    CheckConstraint("first_day <= last_day", name="forwards"),
    Index("ix_absence_person", "person_id", "last_day"),
)
ABSENCES = Aggregate(ABSENCE, Absence, "absence")
