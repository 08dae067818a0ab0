"""The models of the feed's answers, for the OpenAPI document. The answers themselves are made from the bytes of the table."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from metrics_svc.feed.queries import Slice
from metrics_svc.feed.rules import shown
from shared.auth import Actor
from shared.events.envelope import SPEC_VERSION
from shared.http import told
from shared.known import EventType


class CloudEventOut(BaseModel):
    """An event in CloudEvents 1.0, structured mode. `data` follows `dataschema`; ignore fields that you do not know."""

    model_config = ConfigDict(extra="allow")
    shows_personal_data: ClassVar[bool] = True

    specversion: str = Field(examples=[SPEC_VERSION])
    id: UUID
    source: str = Field(examples=["/clinch/deal-svc"])
    type: EventType = Field(examples=["clinch.deal.won.v1"])
    subject: UUID = Field(description="The id of what the event is about.")
    sequence: str = Field(description="The version that it gave its subject, zero-padded to 19 digits.")
    time: datetime = Field(description="When it happened in the business; `data.recorded_at` is when we learnt it.")
    datacontenttype: str = Field(examples=["application/json"])
    dataschema: str = Field(
        description="The schema of `data`: an absolute URI; in events of old releases a path from the origin.",
        examples=["https://clinch.example.com/schemas/clinch.deal.won.v1.json"],
    )
    partitionkey: str
    traceparent: str | SkipJsonSchema[None] = Field(default=None, exclude_if=lambda value: value is None)
    data: dict[str, Any] = Field(json_schema_extra=told.FEED)


class FeedItemOut(BaseModel):
    position: int
    event: CloudEventOut


class EventsOut(BaseModel):
    items: list[FeedItemOut]
    next_after: int = Field(description="Where to read on. It can be behind the last item, and move without any.")
    oldest: int = Field(description="The lowest `after` that can still be answered.")
    latest: int = Field(description="The position of the last event: with `next_after` there, nothing more is known.")


def body(found: Slice, by: Actor) -> bytes:
    """`EventsOut` as JSON. Events are copied as the table holds them, unless `by` may not see all of them."""
    items = b",".join(_item(e.position, shown(e, by)) for e in found.items)
    return b'{"items":[%b],"next_after":%d,"oldest":%d,"latest":%d}' % (items, found.next_after, found.oldest, found.latest)


def _item(position: int, event: bytes) -> bytes:
    return b'{"position":%d,"event":%b}' % (position, event)


GONE = "What comes next is deleted, or the feed was set back: `oldest` and `latest` say what there is"


def problems(**described: str) -> dict[int | str, dict[str, Any]]:
    """For `responses`: refusals that other reads do not have, by status as `_410`."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {int(status[1:]): {"description": says, "content": content} for status, says in described.items()}
