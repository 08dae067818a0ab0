"""What metrics-svc tells: who is sent events by webhook, and where words of them go.

Never a secret, and of an address only where it leads: paths may hold tokens.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events.envelope import Event


class MetricsSvcEvent(Event):
    publisher = "metrics-svc"
    audience = "operations"


class WebhookRegistered(MetricsSvcEvent, type="webhook.registered"):
    """Another system is sent these types of events from now on. `origin` is scheme, host and port."""

    origin: str
    types: list[str]
    position: int


class WebhookChanged(MetricsSvcEvent, type="webhook.changed"):
    """`changed` names the fields."""

    changed: list[str]
    origin: str
    types: list[str]


class WebhookSecretRotated(MetricsSvcEvent, type="webhook.secret_rotated"):
    """Until `old_until` the old secret signs as well; null when it has ended at once."""

    old_until: datetime | None


class WebhookEnabled(MetricsSvcEvent, type="webhook.enabled"):
    """It continues where it stopped: behind `position`."""

    position: int


class WebhookDisabled(MetricsSvcEvent, type="webhook.disabled"):
    """`gone`: the receiver answered 410. `failing`: for days nothing was taken."""

    reason: Literal["by_hand", "gone", "failing"]


class WebhookRedelivered(MetricsSvcEvent, type="webhook.redelivered"):
    """Deliveries are sent once more: one of them, or `count` of those that came in between `since` and `until`."""

    count: int
    delivery_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class WebhookRemoved(MetricsSvcEvent, type="webhook.removed"):
    pass


class NotificationChannelEvent(MetricsSvcEvent):
    """`kind` is whose robot it is, or `mail`; `leads_to` its host, or how many addresses. With `team_id`, only what that team has."""

    kind: Literal["feishu", "dingtalk", "wecom", "slack", "mail"]
    leads_to: str
    types: list[str]
    team_id: UUID | None = None


class NotificationChannelRegistered(NotificationChannelEvent, type="notification_channel.registered"):
    """Words of these types of events go there from now on."""

    position: int


class NotificationChannelChanged(NotificationChannelEvent, type="notification_channel.changed"):
    """`changed` names the fields; `address` when it leads elsewhere now, or another secret signs."""

    changed: list[str]


class NotificationChannelEnabled(MetricsSvcEvent, type="notification_channel.enabled"):
    """It continues with what happens from now on: behind `position`."""

    position: int


class NotificationChannelDisabled(MetricsSvcEvent, type="notification_channel.disabled"):
    """`gone`: the receiver answered 410. `failing`: for days nothing was taken."""

    reason: Literal["by_hand", "gone", "failing"]


class NotificationChannelRedelivered(MetricsSvcEvent, type="notification_channel.redelivered"):
    """Messages are sent once more: one of them, or `count` of those that came in between `since` and `until`."""

    count: int
    delivery_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class NotificationChannelRemoved(MetricsSvcEvent, type="notification_channel.removed"):
    pass
