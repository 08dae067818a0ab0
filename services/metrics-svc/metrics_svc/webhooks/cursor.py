"""How an endpoint moves along the feed: deliveries are made of the events that it wants."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from shared.db.tx import Tx

log = structlog.get_logger()

STEP = 1000
"""Positions of the feed by which one turn advances an endpoint."""
MOST_WAITING = 10_000
"""Deliveries that may wait for one endpoint. With more, its cursor waits: the feed keeps the events meanwhile."""

MATCHES = """EXISTS (
  SELECT FROM jsonb_array_elements_text(w.types) AS t(pattern)
  WHERE f.type = pattern OR (right(pattern, 1) = '*' AND starts_with(f.type, left(pattern, -1)))
)"""
# It must see the types that were committed before the cursors were locked, so it is not one statement with the lock.
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


async def advance(tx: Tx, active: Sequence[UUID]) -> bool:
    """Make deliveries for these endpoints, whose cursors are locked: whether a cursor moved."""
    made = await tx.rows(_MAKE, active, tx.machine_now)
    for webhook_id, missed in made:
        if missed:
            log.error("webhook_events_missed", webhook=str(webhook_id), count=missed, hint="the feed was shortened while it stood still")
    return bool(made)
