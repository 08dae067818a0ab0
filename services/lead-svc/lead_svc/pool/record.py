"""Who got a lead, and who lost it, as its row holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


class Change(StrEnum):
    """What happened between a person and a lead."""

    CLAIMED = "claimed"
    """They took it from the pool."""
    GOT = "got"
    """Somebody else had had it."""
    LOST = "lost"
    """It went back to the pool."""


class Return(StrEnum):
    """Why a lead goes back to the pool by itself. It is the `rule` of `lead.assigned`."""

    UNTOUCHED = "untouched"
    OVER_CAPACITY = "over_capacity"
    OWNER_LEFT = "owner_left"


@dataclass(frozen=True, slots=True)
class Holding:
    """`rule`: how, as `lead.assigned` tells it. `at`: when that was entered."""

    id: UUID
    lead_id: Annotated[UUID, Stored(refers="lead.id")]
    person_id: UUID
    change: Change
    rule: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands who claims leads: claims of today, open leads, and when they lost which of these last."""

    claimed: int
    held: int
    lost_at: Mapping[UUID, datetime]

    def with_another(self) -> "Standing":
        """How they stand when they have claimed one more."""
        return replace(self, claimed=self.claimed + 1, held=self.held + 1)
