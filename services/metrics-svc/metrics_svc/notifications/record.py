"""The records of notification channels: where words go, how that does, and their deliveries."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from metrics_svc.following.record import Followed
from shared.acts import Subject
from shared.errors import Unmet
from shared.outbound.record import Attempts, DisableReason
from shared.stored import Stored


class ChannelKind(StrEnum):
    """Whose robot writes the words, by its documented call; or mail."""

    FEISHU = "feishu"
    DINGTALK = "dingtalk"
    WECOM = "wecom"
    SLACK = "slack"
    MAIL = "mail"


class ChannelState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class NotificationChannel:
    """Where to is a secret of the channel: with an address alone anybody can write there. `leads_to` is what may be shown of it.

    `types` are event types, or their beginnings with `*` behind a dot. With `team_id`, only what belongs to the people of that team
    and of those below.
    """

    id: UUID
    version: int
    name: str
    kind: ChannelKind
    lang: str
    types: list[str]
    team_id: UUID | None
    leads_to: Annotated[str, Stored(comment="the host of a robot, or how many mail addresses there are")]
    signs: bool
    per_minute: int
    state: ChannelState
    reason: DisableReason | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Delivery(Attempts, Followed):
    """One event for one channel, and what came of its attempts."""

    notification_channel_id: Annotated[UUID, Stored(refers="notification_channel.id")]


@dataclass(frozen=True)
class Message(Followed):
    """What the words are made of when they are sent: the event is in the feed."""

    @property
    def body(self) -> bytes:
        return str(self.event_id).encode()


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a channel at `now`."""

    notification_channel_id: UUID
    position: int
    failing_since: datetime | None
    delivered_at: datetime | None
    waiting: int


_IS = {
    ChannelState.ACTIVE: Unmet("active", "The channel is active."),
    ChannelState.DISABLED: Unmet("disabled", "The channel is disabled."),
    ChannelState.REMOVED: Unmet("removed", "The channel is removed."),
}
CHANNEL: Subject[NotificationChannel, Progress] = Subject(
    name="notification_channel",
    label="channel",
    states=ChannelState,
    state=lambda channel: channel.state,
    owner=lambda _channel, _progress: None,
    not_owner=Unmet("not_owner", "Nobody owns a channel: an admin or operations keeps all of them."),
    wrong_state=lambda channel, _states: _IS[channel.state],
)
