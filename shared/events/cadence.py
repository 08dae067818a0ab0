"""What lead-svc tells of the deadlines of leads: how soon somebody responds first."""

from uuid import UUID

from shared.events.deadlines import DeadlineData, DeadlineMet, DeadlineMissed, DeadlineStarted, DeadlineStopped, DeadlineWarned
from shared.events.envelope import Dimensions
from shared.events.lead import LeadSvcEvent


class LeadDeadlineEvent(LeadSvcEvent, Dimensions, DeadlineData):
    """A deadline of a lead. The subject is the deadline, and the lead's version stays."""

    seen_as = "lead"
    part_of = "lead_id"

    lead_id: UUID
    grade: str | None = None
    """The lead's grade then."""


class LeadDeadlineStarted(LeadDeadlineEvent, DeadlineStarted, type="lead.deadline_started", aggregate="lead_deadline"):
    pass


class LeadDeadlineWarned(LeadDeadlineEvent, DeadlineWarned, type="lead.deadline_warned", aggregate="lead_deadline"):
    pass


class LeadDeadlineStopped(LeadDeadlineEvent, DeadlineStopped, type="lead.deadline_stopped", aggregate="lead_deadline"):
    pass


class LeadFirstResponded(LeadDeadlineEvent, DeadlineMet, type="lead.first_responded", aggregate="lead_deadline"):
    """Somebody contacted the lead for the first time since it was assigned. `minutes`: of working time since then."""

    minutes: int


class LeadFirstResponseMissed(LeadDeadlineEvent, DeadlineMissed, type="lead.first_response_missed", aggregate="lead_deadline"):
    """Nobody contacted the lead in time. `manager_id`: who leads the owner's team, or the nearest one above it."""

    manager_id: UUID | None = None
