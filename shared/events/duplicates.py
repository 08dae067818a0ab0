"""What lead-svc tells of leads that may be the same. Their subject is the pair, so the versions of the leads stay."""

from typing import Literal
from uuid import UUID

from shared.events.envelope import Decided
from shared.events.lead import LeadSvcEvent


class LeadDuplicateEvent(LeadSvcEvent):
    """It names both leads, and somebody who sees one of them may not see the other: so it is for those who run the system."""

    audience = "operations"

    lead_id: UUID
    other_id: UUID


class LeadDuplicateSuspected(LeadDuplicateEvent, Decided, type="lead.duplicate_suspected", aggregate="lead_duplicate"):
    """They have so much in common that they may be the same; told again when that changes."""

    certainty: Literal["certain", "likely"]
    points: int
    matches: dict[str, int]


class LeadDuplicateDismissed(LeadDuplicateEvent, type="lead.duplicate_dismissed", aggregate="lead_duplicate"):
    """Somebody says that they are not the same."""

    reason: str | None = None


class LeadDuplicateCleared(LeadDuplicateEvent, type="lead.duplicate_cleared", aggregate="lead_duplicate"):
    """One of them was changed, and they have too little in common now."""
