"""What the routes of all targets take and answer: patterns, starting places, deliveries."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from shared.fields import Time
from shared.http.body import Body
from shared.known import EventType
from shared.outbound.record import Attempts, DeliveryState
from shared.outbound.rules import KEPT_ATTEMPTS
from shared.sentences import written

Pattern = Annotated[
    str,
    written(r"^(\*|clinch(\.[a-z0-9_]+)*(\.\*)?)$", "Write an event's type, or its beginning and `.*`, for example clinch.deal.*"),
    Field(max_length=100),
]
Types = Annotated[
    list[Pattern],
    Field(min_length=1, max_length=50, description="Types of events, or their beginnings: `clinch.deal.*`", examples=[["clinch.deal.*"]]),
]


def _start(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        raise PydanticCustomError("bad_start", "Write `now`, `beginning`, or a position in the feed: a whole number from 0.") from None


Start = Annotated[Literal["now", "beginning"] | Annotated[int, Field(ge=0, lt=2**53, strict=True)], WrapValidator(_start)]


class RedeliverIn(Body):
    """Deliveries that were made from `since` to before `until`."""

    since: Time
    until: Time
    state: DeliveryState = DeliveryState.FAILED


class AttemptOut(BaseModel):
    """`status` is what the receiver answered; without an answer, `error` says why. Nothing else of the answer is kept."""

    at: datetime
    status: int | None
    error: str | None
    milliseconds: int


class DeliveryOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    event_id: UUID = Field(description="The same at every attempt and redelivery; of a webhook, the header webhook-id.")
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
    def of(cls, delivery: Attempts) -> Self:
        return cls.model_validate(delivery)


class PingOut(BaseModel):
    """What came of a test delivery."""

    delivered: bool
    status: int | None
    error: str | None
    milliseconds: int


class RedeliveredOut(BaseModel):
    count: int = Field(description="How many are sent again: the oldest, as many as the policy allows.")
