"""What lead-svc tells of the rules that give leads to people. The subject is how a lead stands with the rules: its version stays."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Decided, Dimensions
from shared.events.lead import LeadSvcEvent


class PassedOver(BaseModel):
    """Somebody of the rule who did not get the lead, and why."""

    person_id: UUID
    why: str


class LeadAssignmentEvent(LeadSvcEvent):
    seen_as = "lead"
    part_of = "lead_id"

    lead_id: UUID


class LeadAssignmentDecided(LeadAssignmentEvent, Dimensions, Decided, type="lead.assignment_decided", aggregate="lead_assignment"):
    """The rules gave a lead without an owner to somebody, or left it in the queue.

    `rule` is the one that decided, None where none is for the lead. The dimensions are those of the lead as it is then.
    `passed`: at most the first 50 of the people of the rule who did not get it.
    """

    outcome: Literal["assigned", "waiting"]
    rule: str | None = None
    passed: list[PassedOver] = []


class LeadAssignmentOver(LeadAssignmentEvent, type="lead.assignment_over", aggregate="lead_assignment"):
    """A lead waits for the rules no more: somebody has it, or it is past that."""
