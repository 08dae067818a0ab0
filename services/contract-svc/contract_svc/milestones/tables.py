"""Payment milestones of contracts."""

from sqlalchemy import Index, UniqueConstraint

from contract_svc.metadata import metadata
from contract_svc.milestones.record import Milestone
from shared.db.query import Aggregate
from shared.db.record import table

MILESTONE = table("milestone", metadata, Milestone, UniqueConstraint("contract_id", "position"), Index(None, "state", "due_at"))
MILESTONES = Aggregate(MILESTONE, Milestone, "milestone")
