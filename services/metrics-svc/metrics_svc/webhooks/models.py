"""What the routes of webhooks take and answer."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StrictBool,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from metrics_svc.webhooks import rules
from metrics_svc.webhooks.record import Delivery, Progress, Webhook, WebhookState
from shared.acts import AllowedAction, shown
from shared.auth.actor import Actor
from shared.fields import Time, some_text
from shared.http.body import Body
from shared.http.patch import Patch
from shared.known import EventType
from shared.outbound.record import DeliveryState, DisableReason
from shared.outbound.rules import KEPT_ATTEMPTS
from shared.sentences import written

Url = Annotated[HttpUrl, Field(description="Where the receiver listens; https in production", examples=["https://erp.example/hooks"])]
Pattern = Annotated[
    str,
    written(r"^(\*|clinch(\.[a-z0-9_]+)*(\.\*)?)$", "Write an event's type, or its beginning and `.*`, for example clinch.deal.*"),
    Field(max_length=100),
]
Types = Annotated[
    list[Pattern],
    Field(min_length=1, max_length=50, description="Types of events, or their beginnings: `clinch.deal.*`", examples=[["clinch.deal.*"]]),
]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(some_text)]


def _start(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        raise PydanticCustomError("bad_start", "Write `now`, `beginning`, or a position in the feed: a whole number from 0.") from None


Start = Annotated[Literal["now", "beginning"] | Annotated[int, Field(ge=0, lt=2**53, strict=True)], WrapValidator(_start)]


class WebhookFields(BaseModel):
    """What people say of an endpoint."""

    url: Url
    types: Types
    description: Description = ""


class WebhookIn(WebhookFields, Body):
    start: Annotated[
        Start,
        Field(
            alias="from", description="`now`: what happens from now on; `beginning`: all that the feed holds; or what follows a position"
        ),
    ] = "now"


class WebhookPatch(Patch, WebhookFields):
    enabled: StrictBool


class RotateIn(Body):
    keep_old: Annotated[StrictBool, Field(description="Whether the old secret signs as well for a day; false when it has leaked")] = True


KEEP_OLD = RotateIn()


class RedeliverIn(Body):
    """Deliveries that were made from `since` to before `until`."""

    since: Time
    until: Time
    state: DeliveryState = DeliveryState.FAILED


class WebhookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    version_says_all: ClassVar[bool] = False

    id: UUID
    version: int
    url: str
    types: list[str]
    description: str
    state: WebhookState
    reason: DisableReason | None = Field(
        description="Why it is disabled: by hand, the receiver answered 410, or nothing was taken for five days."
    )
    disabled_at: datetime | None
    position: int = Field(description="How far in the feed deliveries have been made.")
    failing_since: datetime | None = Field(description="The first failure since something was taken.")
    delivered_at: datetime | None = Field(description="When something was taken last.")
    old_secret_until: datetime | None = Field(description="Until then, the secret before this one signs as well.")
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, webhook: Webhook, progress: Progress, by: Actor, **more: Any) -> Self:
        own = {name: getattr(webhook, name) for name in cls.model_fields.keys() & Webhook.__dataclass_fields__.keys()}
        done = {name: getattr(progress, name) for name in ("position", "failing_since", "delivered_at")}
        actions = shown(rules.ACTS, webhook, by, progress)
        return cls(**own, **done, old_secret_until=progress.old_until, allowed_actions=actions, **more)


class WebhookWithSecret(WebhookOut):
    secret: str = Field(description="For the receiver, to check signatures with. It is not shown again.", examples=["whsec_..."])


class AttemptOut(BaseModel):
    """`status` is what the receiver answered; without an answer, `error` says why. Nothing else of the answer is kept."""

    at: datetime
    status: int | None
    error: str | None
    milliseconds: int


class DeliveryOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    event_id: UUID = Field(description="The header webhook-id, the same at every attempt and redelivery.")
    position: int = Field(description="The event's place in the feed: GET /v1/events?after= one less.")
    type: EventType
    subject: UUID
    sequence: int = Field(description="The subject's version.")
    event_time: datetime
    state: DeliveryState
    tries: int = Field(description="Attempts since it was last asked for.")
    due_at: datetime | None = Field(description="When the next attempt is due.")
    attempts: list[AttemptOut] = Field(description=f"The last {KEPT_ATTEMPTS}, redeliveries included.")
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls.model_validate(delivery)


class PingOut(BaseModel):
    """What came of a test delivery."""

    delivered: bool
    status: int | None
    error: str | None
    milliseconds: int


class RedeliveredOut(BaseModel):
    count: int = Field(description="How many are sent again: the oldest, as many as the policy allows.")
