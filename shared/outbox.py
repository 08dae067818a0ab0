"""Writing events: the event row and its place in the outbox by one statement, the last of the transaction (architecture §4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from shared.events.envelope import ActorRef, Event

if TYPE_CHECKING:
    from shared.db import Context


class Told(NamedTuple):
    """An event on its way into the transaction: which aggregate's, which version, and when it happened in the business."""

    id: UUID
    subject: UUID
    version: int
    time: datetime
    event: Event


_WRITE = """
WITH kept AS (
  INSERT INTO event (id, type, aggregate, subject, version, time, data,
                     recorded_at, actor_id, actor_role, correlation_id, causation_id, traceparent)
  SELECT *, $8::timestamptz, $9::uuid, $10::text, $11::text, $12::uuid, $13::text
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::timestamptz[], $7::json[])
)
INSERT INTO outbox (event_id) SELECT id FROM unnest($1::uuid[]) WITH ORDINALITY AS told(id, n) ORDER BY n
"""


async def write(conn: Any, context: "Context", told: Sequence[Told]) -> None:
    """Write the events. The caller holds the locks of their aggregates, so queue order is version order for each of them."""
    actor = ActorRef(type=context.actor.type, id=context.actor.id, role=context.actor.role)
    meta: dict[str, Any] = {
        "recorded_at": context.now,
        "actor": actor,
        "correlation_id": context.correlation_id,
        "causation_id": context.causation_id,
    }
    await conn.execute(
        _WRITE,
        [t.id for t in told],
        [t.event.type for t in told],
        [t.event.aggregate for t in told],
        [t.subject for t in told],
        [t.version for t in told],
        [t.time for t in told],
        [t.event.model_copy(update=meta).model_dump_json().encode() for t in told],
        context.now,
        actor.id,
        actor.role,
        context.correlation_id,
        context.causation_id,
        context.traceparent,
    )
