"""What the rules last decided about a lead, as its row holds it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from shared.stored import Stored


class AssignmentOutcome(StrEnum):
    """How a lead stands with the rules."""

    ASSIGNED = "assigned"
    WAITING = "waiting"
    """In the queue: no rule is for it, or nobody could take it."""
    OVER = "over"
    """Somebody has taken care of it otherwise."""


class Why(StrEnum):
    """Why somebody was passed over."""

    UNKNOWN = "unknown"
    LEFT = "left"
    NOT_AN_OWNER = "not_an_owner"
    ABSENT = "absent"
    OFF_HOURS = "off_hours"
    FULL = "full"
    LATER = "later"
    """Another one's turn came first."""
    BUSIER = "busier"
    LOST = "lost"
    """It went back from them just now."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`rule` is the one that decided: it gave the lead to somebody, or had nobody who could take it; None where no rule is for the lead.

    `passed`: the people of the rule who did not get it, each with the reason, and how many open leads they had.
    """

    id: UUID
    version: int
    lead_id: Annotated[UUID, Stored(unique=True, refers="lead.id")]
    outcome: AssignmentOutcome
    rule: str | None
    owner_id: UUID | None
    passed: Annotated[dict[str, dict[str, Any]], Stored(comment="person -> why, load")]
    policy_version: int
    at: datetime
