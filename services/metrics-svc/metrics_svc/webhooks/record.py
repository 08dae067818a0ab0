"""The records of webhooks: an endpoint, its progress, and its deliveries."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from metrics_svc.webhooks.message import Message
from shared.acts import Subject
from shared.errors import Unmet
from shared.outbound.record import Attempts, DisableReason
from shared.stored import Stored


class WebhookState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


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


@dataclass(frozen=True)
class Delivery(Attempts, Message):
    """One event for one endpoint, and what came of its attempts."""

    webhook_id: Annotated[UUID, Stored(refers="webhook.id")]


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an endpoint at `now`: where it is in the feed, and until when an old secret still signs."""

    webhook_id: UUID
    now: datetime
    position: int
    failing_since: datetime | None
    delivered_at: datetime | None
    old_until: datetime | None


_IS = {
    WebhookState.ACTIVE: Unmet("active", "The endpoint is active."),
    WebhookState.DISABLED: Unmet("disabled", "The endpoint is disabled."),
    WebhookState.REMOVED: Unmet("removed", "The endpoint is removed."),
}
WEBHOOK: Subject[Webhook, Progress] = Subject(
    name="webhook",
    label="endpoint",
    states=WebhookState,
    state=lambda webhook: webhook.state,
    owner=lambda _webhook, _progress: None,
    not_owner=Unmet("not_owner", "Nobody owns an endpoint: an admin or sales operations keeps all of them."),
    wrong_state=lambda webhook, _states: _IS[webhook.state],
)
