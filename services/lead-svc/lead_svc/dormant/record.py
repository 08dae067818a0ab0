"""A drive as its row holds it, and the states that it goes through."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


class DriveState(StrEnum):
    COUNTING = "counting"
    """It counts which leads it is for; nothing happens to them yet."""
    COUNTED = "counted"
    RUNNING = "running"
    """It takes them up again, batch by batch."""
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Drive:
    """`found`, `left_out` and `reactivated` count leads of what is done now: of the count, and then of the drive itself."""

    id: UUID
    version: int
    campaign_id: Annotated[UUID, Stored(refers="campaign.id")]
    state: DriveState
    offer: str | None
    chosen: Annotated[dict[str, Any], Stored(comment="conditions, last_contact_before")]
    looked_at: int
    found: int
    left_out: int
    reactivated: int
    after: Annotated[UUID | None, Stored(comment="the last lead that was looked at")]
    by: UUID
    by_role: str
    created_at: datetime
    updated_at: datetime


DRIVE = Subject[Drive, None](
    name="drive",
    label="drive",
    states=DriveState,
    state=lambda drive: drive.state,
    owner=lambda *_: None,
    not_owner=Unmet("role", "Only marketing or an admin take dormant leads up again in bulk."),
)
