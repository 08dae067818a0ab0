"""A contact with the customer as its row holds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from lead_svc.interactions.fields import Direction, InteractionKind, Outcome
from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class Interaction:
    id: UUID
    lead_id: Annotated[UUID, Stored(refers="lead.id")]
    kind: InteractionKind
    direction: Direction
    outcome: Outcome
    at: Annotated[datetime, Stored(comment="when it happened")]
    by: UUID
    key_points: str | None
    feedback: str | None
    questions: str | None
    concerns: str | None
    goals: str | None
    recorded_at: datetime
