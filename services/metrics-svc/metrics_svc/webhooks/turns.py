"""A turn: one short transaction that makes deliveries of what is new in the feed, and claims what is due.

It locks the endpoints' cursors, so workers take turns, and nobody changes an endpoint's types meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from metrics_svc.webhooks import signature
from metrics_svc.webhooks.rules import AT_ONCE
from shared.db.tx import Tx

log = structlog.get_logger()

CLAIM = timedelta(seconds=60)
"""How long a worker may take: more than the longest attempt (20 s) with its look-up and record."""
STEP = 1000
"""Positions of the feed by which one turn advances an endpoint."""
MOST_WAITING = 10_000
"""Deliveries that may wait for one endpoint. With more, its cursor waits: the feed keeps the events meanwhile."""

MATCHES = """EXISTS (
  SELECT FROM jsonb_array_elements_text(w.types) AS t(pattern)
  WHERE f.type = pattern OR (right(pattern, 1) = '*' AND starts_with(f.type, left(pattern, -1)))
)"""
_LOCK = """
SELECT c.webhook_id FROM webhook_cursor c WHERE EXISTS (SELECT FROM webhook w WHERE w.id = c.webhook_id AND w.state = 'active')
ORDER BY c.webhook_id FOR UPDATE OF c
"""
# A separate statement: it must see the types that were committed before the cursors were locked.
_MAKE = f"""
WITH upto AS (
  SELECT c.webhook_id, c.position AS was, behind, least(behind + {STEP}, h.latest) AS position
  FROM webhook_cursor c, feed_head h, greatest(c.position, h.oldest) AS behind
  WHERE c.webhook_id = ANY($1::uuid[]) AND c.position < h.latest AND {MOST_WAITING} > (
    SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.webhook_id = c.webhook_id AND state = 'pending' LIMIT {MOST_WAITING}) AS w
  )
), made AS (
  INSERT INTO webhook_delivery
    (id, webhook_id, position, event_id, type, subject, sequence, event_time, state, tries, due_at, attempts, created_at)
  SELECT uuidv7(), w.id, f.position, f.event_id, f.type, f.subject, f.version, f.time, 'pending', 0, $2, '[]'::jsonb, $2
  FROM upto JOIN webhook w ON w.id = upto.webhook_id JOIN feed f ON f.position > upto.behind AND f.position <= upto.position
  WHERE w.state = 'active' AND {MATCHES}
)
UPDATE webhook_cursor c SET position = upto.position FROM upto WHERE c.webhook_id = upto.webhook_id
RETURNING c.webhook_id, upto.behind - upto.was AS missed
"""
_CLAIM = f"""
WITH room AS (
  SELECT c.webhook_id, CASE WHEN c.failing_since IS NULL THEN {AT_ONCE} ELSE 1 END - (
    SELECT count(*) FROM webhook_delivery d WHERE d.webhook_id = c.webhook_id AND d.claimed_until > $2
  ) AS free FROM webhook_cursor c WHERE c.webhook_id = ANY($1::uuid[])
), due AS (
  SELECT d.id FROM room CROSS JOIN LATERAL (
    SELECT id FROM webhook_delivery
    WHERE webhook_id = room.webhook_id AND state = 'pending' AND due_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2)
    ORDER BY due_at, position LIMIT greatest(0, room.free)
  ) AS d
)
UPDATE webhook_delivery d SET claimed_until = $3 FROM due, webhook w
WHERE d.id = due.id AND w.id = d.webhook_id AND w.state = 'active'
  AND d.state = 'pending' AND (d.claimed_until IS NULL OR d.claimed_until <= $2)
RETURNING d.id, d.webhook_id, w.url, d.position, d.event_id, d.type, d.subject, d.sequence, d.event_time, d.tries, d.claimed_until
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker is to send."""

    id: UUID
    webhook_id: UUID
    url: str
    position: int
    event_id: UUID
    type: str
    subject: UUID
    sequence: int
    event_time: datetime
    tries: int
    claimed_until: datetime

    @property
    def body(self) -> bytes:
        return signature.message(self.type, self.event_time, subject=self.subject, sequence=self.sequence, position=self.position)


async def take_turn(tx: Tx) -> tuple[bool, list[Claimed]]:
    """Make deliveries and claim those that are due: whether a cursor moved, and what to send now."""
    active = [row["webhook_id"] for row in await tx.rows(_LOCK)]
    if not active:
        return False, []
    made = await tx.rows(_MAKE, active, tx.machine_now)
    due = await tx.rows(_CLAIM, active, tx.machine_now, tx.machine_now + CLAIM)
    for webhook_id, missed in made:
        if missed:
            log.error("webhook_events_missed", webhook=str(webhook_id), count=missed, hint="the feed was shortened while it stood still")
    return bool(made), [Claimed(**row) for row in due]
