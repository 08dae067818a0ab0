"""What the routes of webhooks take and answer."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StrictBool,
    StringConstraints,
)

from metrics_svc.following.models import Start, Types
from metrics_svc.webhooks import rules
from metrics_svc.webhooks.record import Progress, Webhook, WebhookState
from shared.acts import AllowedAction, shown
from shared.auth.actor import Actor
from shared.fields import some_text
from shared.http.body import Body
from shared.http.patch import Patch
from shared.outbound.record import DisableReason

Url = Annotated[HttpUrl, Field(description="Where the receiver listens; https in production", examples=["https://erp.example/hooks"])]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(some_text)]


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
