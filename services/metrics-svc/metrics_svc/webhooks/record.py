"""The records of webhooks: an endpoint, its progress, and its deliveries."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


class WebhookState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


class DisableReason(StrEnum):
    """Why an endpoint is disabled: by somebody, by the receiver's 410, or because nothing was taken for days."""

    BY_HAND = "by_hand"
    GONE = "gone"
    FAILING = "failing"


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint. `types` are event types, or their beginnings with `*` behind a dot."""

    id: UUID
    version: int
    url: str
    description: str
    types: list[str]
    state: WebhookState
    reason: DisableReason | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint. `tries` count since it was last asked for; `attempts` are the latest, redeliveries included."""

    id: UUID
    webhook_id: Annotated[UUID, Stored(refers="webhook.id")]
    position: Annotated[int, Stored(big=True)]
    event_id: UUID
    type: str
    subject: UUID
    sequence: Annotated[int, Stored(big=True, comment="the version of the subject")]
    event_time: datetime
    state: DeliveryState
    tries: int
    due_at: datetime | None
    attempts: list[dict[str, Any]]
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an endpoint at `now`: where it is in the feed, and until when an old secret still signs."""

    webhook_id: UUID
    now: datetime
    position: int
    failing_since: datetime | None
    delivered_at: datetime | None
    old_until: datetime | None


WEBHOOK: Subject[Webhook, Progress] = Subject(
    name="webhook",
    label="endpoint",
    states=WebhookState,
    state=lambda webhook: webhook.state,
    owner=lambda _webhook, _progress: None,
    not_owner=Unmet("not_owner", "Nobody owns an endpoint: an admin or sales operations keeps all of them."),
    wrong_state=lambda webhook, _states: Unmet(webhook.state.value, f"The endpoint is {webhook.state}."),
)
