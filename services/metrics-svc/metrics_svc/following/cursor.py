"""How a target moves along the feed: deliveries are made of the events that it wants."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog

from metrics_svc.following.patterns import MATCHES
from shared.db.tx import Tx

log = structlog.get_logger()

STEP = 1000
"""Positions of the feed by which one turn advances a target."""
MOST_WAITING = 10_000
"""Deliveries that may wait for one target. With more, its cursor waits: the feed keeps the events meanwhile."""


def _make(name: str, wanted: str) -> str:
    """It must see the types that were committed before the cursors were locked, so it is not one statement with the lock."""
    return f"""
WITH upto AS (
  SELECT c.{name}_id, c.position AS was, behind, least(behind + {STEP}, h.latest) AS position
  FROM {name}_cursor c, feed_head h, greatest(c.position, h.oldest) AS behind
  WHERE c.{name}_id = ANY($1::uuid[]) AND c.position < h.latest AND {MOST_WAITING} > (
    SELECT count(*) FROM (SELECT FROM {name}_delivery d WHERE d.{name}_id = c.{name}_id AND state = 'pending' LIMIT {MOST_WAITING}) AS w
  )
), made AS (
  INSERT INTO {name}_delivery
    (id, {name}_id, position, event_id, type, subject, sequence, event_time, state, tries, due_at, attempts, created_at)
  SELECT uuidv7(), w.id, f.position, f.event_id, f.type, f.subject, f.version, f.time, 'pending', 0, $2, '[]'::jsonb, $2
  FROM upto JOIN {name} w ON w.id = upto.{name}_id JOIN feed f ON f.position > upto.behind AND f.position <= upto.position
  WHERE w.state = 'active' AND {wanted}
)
UPDATE {name}_cursor c SET position = upto.position FROM upto WHERE c.{name}_id = upto.{name}_id
RETURNING c.{name}_id, upto.behind - upto.was AS missed
"""


def advance(name: str, *, wanted: str = MATCHES) -> Callable[[Tx, Sequence[UUID]], Awaitable[bool]]:
    """What makes deliveries for targets of this kind, whose cursors are locked, and says whether a cursor moved.

    `wanted` is SQL about the target `w` and the event `f`.
    """
    make = _make(name, wanted)

    async def move(tx: Tx, active: Sequence[UUID]) -> bool:
        made = await tx.rows(make, active, tx.machine_now)
        for target, missed in made:
            if missed:
                hint = "the feed was shortened while it stood still"
                log.error(f"{name}_events_missed", **{name: str(target)}, count=missed, hint=hint)
        return bool(made)

    return move
