"""What the routes of channels take and answer."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, StrictBool, StringConstraints

from metrics_svc.following.models import Types
from metrics_svc.notifications import rules
from metrics_svc.notifications.record import ChannelKind, ChannelState, NotificationChannel, Progress
from shared.acts import AllowedAction, shown
from shared.auth.actor import Actor
from shared.documents.record import Language
from shared.fields import Email, some_text
from shared.http.body import Body
from shared.http.patch import Patch
from shared.outbound.record import DisableReason

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(some_text)]
Robot = Annotated[
    HttpUrl,
    Field(description="A robot's address, as its maker shows it. Whoever has it can write there: it is kept encrypted and never shown."),
]
Secret = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=8, max_length=200),
    Field(description="Of a Feishu or DingTalk robot that checks signatures: its secret. It is kept encrypted and never shown."),
]
Recipients = Annotated[
    list[Email], Field(min_length=1, max_length=50, description="Of a channel by mail: who gets it. They are not shown again.")
]


class ChannelFields(BaseModel):
    """What people say of a channel."""

    name: Name
    types: Types
    lang: Language = "en"
    team_id: UUID | None = Field(default=None, description="Only what belongs to the people of this team and of those below")
    address: Robot | None = None
    secret: Secret | None = None
    to: Recipients | None = None


class NotificationChannelIn(ChannelFields, Body):
    kind: ChannelKind


class NotificationChannelPatch(Patch, ChannelFields):
    enabled: StrictBool


class NotificationChannelOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    version_says_all: ClassVar[bool] = False

    id: UUID
    version: int
    name: str
    kind: ChannelKind
    lang: Language
    types: list[str]
    team_id: UUID | None
    leads_to: str = Field(description="The host of the robot, or how many mail addresses there are.")
    signs: bool = Field(description="Whether messages are signed with the robot's secret.")
    per_minute: int = Field(description="Messages in a minute at most.")
    state: ChannelState
    reason: DisableReason | None = Field(
        description="Why it is disabled: by hand, the receiver answered 410, or nothing was taken for the days that the policy names."
    )
    disabled_at: datetime | None
    position: int = Field(description="How far in the feed messages have been made.")
    waiting: int = Field(description="Messages that wait for their first or next attempt.")
    failing_since: datetime | None = Field(description="The first failure since something was taken.")
    delivered_at: datetime | None = Field(description="When something was taken last.")
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, channel: NotificationChannel, progress: Progress, by: Actor) -> Self:
        own: dict[str, Any] = {n: getattr(channel, n) for n in cls.model_fields.keys() & NotificationChannel.__dataclass_fields__.keys()}
        done = {name: getattr(progress, name) for name in ("position", "waiting", "failing_since", "delivered_at")}
        return cls(**own, **done, allowed_actions=shown(rules.ACTS, channel, by, progress))
