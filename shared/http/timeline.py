"""What happened to a record, from its events: who did what, when, and when we learnt it.

The same in every service.

class DealTimelineEntry(TimelineEntry):
    "Each service has one of its own: the document lists what it tells."

@router.get("/{deal_id}/timeline")
async def deal_timeline(
    deal_id: UUID, page: Annotated[PageRequest, Depends(TIMELINE.params)], db: Reading, by: CurrentActor
) -> Page[DealTimelineEntry]:
    await SEEN.get(db, by, deal_id)
    return await timeline(db, page, [deal_id], DealTimelineEntry)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import and_, not_

from shared.access.kinds import KINDS, masked_somewhere, unmasked
from shared.access.told import hidden_from
from shared.auth.actor import Actor
from shared.db.query import is_in
from shared.db.tables import EVENT
from shared.db.tx import Reader
from shared.events.envelope import REGISTRY, Event
from shared.http import told
from shared.http.listing import Listing, Page, PageRequest
from shared.known import EventType, RoleName
from shared.masking import without_free_texts

_STAMPS = Event.model_fields.keys()
"""What every event carries besides its own facts; the entry has it from the row."""


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    type: str
    subject: UUID
    version: int
    time: datetime
    recorded_at: datetime
    actor_id: UUID
    actor_role: str
    correlation_id: str
    data: bytes


class TimelineEntry(BaseModel):
    """One event. `time` is when it happened in the business, `recorded_at` when we learnt it."""

    shows_personal_data: ClassVar[bool] = True

    id: UUID
    type: EventType = Field(examples=["clinch.deal.stage_changed.v1"])
    subject: UUID = Field(description="The id of what the event is about.")
    version: int
    time: datetime
    recorded_at: datetime
    actor_id: UUID
    actor_role: RoleName
    correlation_id: str = Field(description="The request or the chain of events that it belongs to.")
    data: dict[str, Any] = Field(
        description="Its facts. Reasons in somebody's own words are null for roles that see such records masked.",
        json_schema_extra=told.TIMELINE,
    )


TIMELINE = Listing(
    EVENT,
    _Row,
    filters={"type": EVENT.c.type, "time": EVENT.c.time, "actor_id": EVENT.c.actor_id},
    sorts=("time", "recorded_at"),
    default="-time",
)
_OF_SUBJECTS = is_in(EVENT.c.subject, "subjects")
_SHOWN = and_(_OF_SUBJECTS, not_(is_in(EVENT.c.type, "hidden")))


E = TypeVar("E", bound=TimelineEntry)


async def timeline(db: Reader, page: PageRequest, subjects: Sequence[UUID], into: type[E]) -> Page[E]:
    """The events of these aggregates, newest first unless asked otherwise.

    The caller has made sure that the reader may see them. What people wrote in their own words is masked as the records are that an
    event belongs to.
    """
    each = partial(_entry, into, by=page.request.state.actor)
    hidden = sorted(hidden_from(page.request.state.actor))
    where, params = (_SHOWN, {"hidden": hidden}) if hidden else (_OF_SUBJECTS, {})
    return await TIMELINE.page(db, page, where=where, params={"subjects": list(subjects), **params}, each=each)


def _entry(into: type[E], row: _Row, *, by: Actor) -> E:
    told = {name: value for name, value in orjson.loads(row.data).items() if name not in _STAMPS}
    if _masked(row.type, by):
        told = without_free_texts(row.type, told)
    return into(**{name: getattr(row, name) for name in _Row.__slots__ if name != "data"}, data=told)


def _masked(type: str, by: Actor) -> bool:
    kind = KINDS.get(REGISTRY.get(type, Event).seen_as or "")
    return masked_somewhere(by) if kind is None else not unmasked(kind, by)
