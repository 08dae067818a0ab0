"""Payment milestones of contracts."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from contract_svc.metadata import metadata
from contract_svc.milestones.record import Milestone
from shared.db.query import Aggregate
from shared.db.record import table

MILESTONE = table(
    "milestone",
    metadata,
    Milestone,
    UniqueConstraint("contract_id", "position"),
    CheckConstraint("position > 0", name="position"),
    CheckConstraint("percent >= 0 AND percent <= 100", name="percent"),
    CheckConstraint("due_days >= 0", name="due_days"),
    CheckConstraint("amount >= 0 AND paid >= 0 AND waived >= 0 AND paid + waived <= amount", name="amounts"),
    Index(None, "state", "due_at"),
)
MILESTONES = Aggregate(MILESTONE, Milestone, "milestone")
