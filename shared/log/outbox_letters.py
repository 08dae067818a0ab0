"""Dead letters of the outbox: events that cannot get into the log, kept aside with the reason so that all others go on.

Later events of the same aggregate wait behind its first open letter. Whoever holds the relay's lease is the only one that makes letters
and publishes them, so an aggregate's order is kept; people only ask for it (`ask`), or give an event up (`drop`).
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

import structlog

from shared.clock import READABLE_YEARS
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.log.bus import Bus
from shared.log.delivery import Delivery, Parcel, deliver, parcels

log = structlog.get_logger()

BEHIND = "waits behind an earlier event of the same subject"
PATIENCE_SECONDS = 5.0
"""How long a redrive waits for the relay before it answers that letters are left."""

OPEN = "settled_at IS NULL"
READABLE = "e.time >= '{}-01-01' AND e.time < '{}-01-01'".format(*READABLE_YEARS)
EVENT = f"""
e.type, e.aggregate, e.subject, e.version, e.traceparent, e.data,
CASE WHEN {READABLE} THEN e.time END AS time, CASE WHEN {READABLE} THEN NULL ELSE e.time::text END AS odd_time
"""

_HELD = f"SELECT DISTINCT subject FROM outbox_letter WHERE subject = ANY($1::uuid[]) AND {OPEN}"
# What joins letters that are asked for is asked for with them.
_PARK = f"""
INSERT INTO outbox_letter (id, event_id, type, aggregate, subject, version, error, attempts, parked_at, redrive_at)
SELECT n.*, now(), (SELECT max(o.redrive_at) FROM outbox_letter o WHERE o.subject = n.subject AND {OPEN})
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::text[], $8::int[])
  AS n (id, event_id, type, aggregate, subject, version, error, attempts)
ON CONFLICT (event_id) DO UPDATE
SET error = excluded.error, attempts = outbox_letter.attempts + excluded.attempts, parked_at = excluded.parked_at,
    redrive_at = excluded.redrive_at, settled_at = NULL, outcome = NULL
"""
_ASKED = f"""
SELECT l.event_id, {EVENT} FROM (
  SELECT event_id, redrive_at, subject, version FROM outbox_letter WHERE redrive_at IS NOT NULL
  ORDER BY redrive_at, subject, version LIMIT $1 FOR UPDATE
) AS l LEFT JOIN event e ON e.id = l.event_id ORDER BY l.redrive_at, l.subject, l.version
"""
_SETTLE = "UPDATE outbox_letter SET settled_at = now(), outcome = 'redriven', redrive_at = NULL WHERE event_id = ANY($1::uuid[])"
_AGAIN = """
UPDATE outbox_letter l SET error = n.error, attempts = l.attempts + 1
FROM unnest($1::uuid[], $2::text[]) AS n (event_id, error) WHERE l.event_id = n.event_id
"""
_FORGET_ASKED = f"UPDATE outbox_letter SET redrive_at = NULL WHERE subject = ANY($1::uuid[]) AND {OPEN}"

_GET = "SELECT subject, settled_at FROM outbox_letter WHERE id = $1 FOR UPDATE"
# What was mended may be what its letter says of it: the order is that of the events as they are now.
_ASK_ALL = f"""
UPDATE outbox_letter l SET redrive_at = $1, type = coalesce(e.type, l.type), aggregate = coalesce(e.aggregate, l.aggregate),
       subject = coalesce(e.subject, l.subject), version = coalesce(e.version, l.version)
FROM outbox_letter o LEFT JOIN event e ON e.id = o.event_id
WHERE l.id = o.id AND l.{OPEN} AND l.redrive_at IS NULL
"""
_ASK = f"{_ASK_ALL} AND l.subject = $2 RETURNING l.event_id"
_DROP = "UPDATE outbox_letter SET settled_at = $2, outcome = $3, redrive_at = NULL WHERE id = $1"
_ASKED_STATE = f"""
SELECT count(*) FILTER (WHERE {OPEN}) AS left, count(*) FILTER (WHERE redrive_at IS NOT NULL) AS waiting
FROM outbox_letter WHERE event_id = ANY($1::uuid[])
"""
_FIRST_ERROR = f"SELECT error FROM outbox_letter WHERE subject = $1 AND {OPEN} ORDER BY version LIMIT 1"
_LEFT = f"SELECT count(*) FROM outbox_letter WHERE subject = $1 AND {OPEN}"


@dataclass(frozen=True, slots=True)
class Redriven:
    """How far a redrive came: letters settled, letters of the subject still open, and why it stopped if it did."""

    settled: int
    left: int
    error: str | None


async def held(conn: Any, batch: Sequence[Parcel]) -> frozenset[UUID]:
    """Those of the batch's aggregates that have open letters."""
    found = await conn.fetch(_HELD, list({parcel.subject for parcel in batch}))
    return frozenset(row["subject"] for row in found)


async def park(conn: Any, done: Delivery, service: str) -> None:
    """Keep what was refused and what waits behind it, in the transaction that takes it out of the outbox."""
    letters = [*((parcel, error, 1) for parcel, error in done.refused), *((parcel, BEHIND, 0) for parcel in done.behind)]
    if not letters:
        return
    rows = [
        (
            new_id(),
            parcel.row["event_id"],
            parcel.row["type"] or "",
            parcel.row["aggregate"] or "",
            parcel.subject,
            parcel.row["version"] or 0,
            storable(error),
            attempts,
        )
        for parcel, error, attempts in letters
    ]
    await conn.execute(_PARK, *(list(column) for column in zip(*rows, strict=True)))
    _say(done, service)


def _say(done: Delivery, service: str) -> None:
    """One line per reason: a closed topic may refuse thousands of events."""
    count = Counter(error for _, error in done.refused)
    first = {error: parcel for parcel, error in reversed(done.refused)}
    for error, events in count.items():
        row = first[error].row
        log.error("outbox_letter", service=service, events=events, error=error, type=row["type"], event_id=str(row["event_id"]))


async def publish_asked(
    conn: Any, bus: Bus, limit: int, *, service: str, closed: Mapping[str, str], until: float, public_url: str = ""
) -> Delivery:
    """Publish letters that people asked for, in order. Only for whoever holds the relay's lease."""
    rows = await conn.fetch(_ASKED, limit)
    done = await deliver(bus, parcels(rows, service, public_url), closed=closed, until=until)
    await conn.execute(_SETTLE, [parcel.row["event_id"] for parcel in done.sent])
    if done.refused:
        again = [(parcel.row["event_id"], storable(error)) for parcel, error in done.refused]
        await conn.execute(_AGAIN, *(list(column) for column in zip(*again, strict=True)))
        await conn.execute(_FORGET_ASKED, [parcel.subject for parcel, _ in done.refused])
        _say(done, service)
    return done


async def redrive(db: Database, context: Context, id: UUID) -> Redriven:
    """Have the relay publish this letter and all others of its subject, in order. Returns when it has, or after a few seconds.

    `NotFound`; `Rejected` when it is settled. A relay that is away or busy comes to it later all the same.
    """
    async with db.begin(context) as tx:
        subject = await _open(tx, id)
        asked = [row["event_id"] for row in await tx.rows(_ASK, tx.now, subject)]
    until = monotonic() + PATIENCE_SECONDS
    while True:
        async with db.read() as reader:
            state = await reader.row(_ASKED_STATE, asked)
            if not state["waiting"] or monotonic() > until:
                error = None if state["waiting"] else await reader.value(_FIRST_ERROR, subject)
                left = await reader.value(_LEFT, subject)
                break
        await asyncio.sleep(0.1)
    settled = len(asked) - state["left"]
    log.info("outbox_letters_redriven", subject=str(subject), settled=settled, left=left, error=error)
    return Redriven(settled, left, error)


async def redrive_all(tx: Tx) -> int:
    """Have the relay publish all open letters; how many they are."""
    return int((await tx.execute(_ASK_ALL, tx.now)).split()[-1])


async def drop(tx: Tx, id: UUID, reason: str) -> None:
    """Give this event up: it never gets into the log. Letters behind it stay until they are redriven. `NotFound`, `Rejected`."""
    await _open(tx, id)
    await tx.execute(_DROP, id, tx.now, f"dropped: {reason}")


async def _open(tx: Tx, id: UUID) -> UUID:
    letter = await tx.row(_GET, id)
    if letter is None:
        raise NotFound("There is no such letter of the outbox.")
    if letter["settled_at"] is not None:
        raise Rejected("This letter is settled already.", code="settled")
    subject: UUID = letter["subject"]
    return subject


def storable(text: str) -> str:
    """Postgres holds neither NUL nor half a surrogate pair."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")[:2000]
