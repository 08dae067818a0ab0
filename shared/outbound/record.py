"""What every delivery has, whatever it carries."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class DisableReason(StrEnum):
    """Why an endpoint is disabled: by somebody, by the receiver's 410, or because nothing was taken for days."""

    BY_HAND = "by_hand"
    GONE = "gone"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Attempts:
    """One message for one target. `tries` count since it was last asked for; `attempts` are the latest, redeliveries included."""

    id: UUID
    state: DeliveryState
    tries: int
    due_at: datetime | None
    attempts: list[dict[str, Any]]
    created_at: datetime
    finished_at: datetime | None
