"""Events that a consumer could not deal with: kept, listed, handled again or dropped.

While one is open, later events of its subject are parked behind it. `consumer_seen` stands before the first open one, so that
what is handled again is checked for duplicates and gaps like news.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from shared.auth import SYSTEM
from shared.clock import Clock, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Reader, Tx
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.log.bus import Delivered
from shared.log.inbox import gap, read, saw, stamp, subject_of
from shared.log.reactions import give, parsed_by
from shared.log.readers import Reader as LogReader
from shared.process.outage import is_outage

log = structlog.get_logger()

# Versions are zero-padded, so that the order of the text is the order of the numbers; what has none comes first.
_PLACE = "CASE WHEN headers->>'ce_sequence' ~ '^[0-9]{19}$' THEN headers->>'ce_sequence' ELSE '' END"
# A letter of the same place can only come again when the log is replayed: then it is open again.
_PARK = """
INSERT INTO dead_letter (id, consumer, topic, partition, "offset", subject, headers, value, error, attempts, parked_at)
SELECT id, $1, topic, partition, "offset", subject, headers, value, error, $2, $3
FROM unnest($4::uuid[], $5::text[], $6::int[], $7::bigint[], $8::text[], $9::jsonb[], $10::bytea[], $11::text[])
  AS unfit (id, topic, partition, "offset", subject, headers, value, error)
ON CONFLICT (consumer, topic, partition, "offset") DO UPDATE
SET error = excluded.error, attempts = excluded.attempts, parked_at = excluded.parked_at, settled_at = NULL, outcome = NULL
"""
_GET = 'SELECT id, consumer, topic, partition, "offset", subject, headers, value, settled_at FROM dead_letter WHERE id = $1'
# The live consumer takes this lock first as well, so that neither acts on what the other is about to change.
_LOCK = "SELECT FROM consumer_offset WHERE consumer = $1 AND topic = $2 AND partition = $3 FOR UPDATE"
_FIRST = f"""
SELECT id FROM dead_letter WHERE consumer = $1 AND subject = $2 AND settled_at IS NULL ORDER BY {_PLACE}, "offset" LIMIT 1
"""
_SEEN = "SELECT max(version) FROM consumer_seen WHERE consumer = ANY($1::text[]) AND subject = $2"
_SETTLED_AFTER = f"""
SELECT DISTINCT {_PLACE} AS place FROM dead_letter
WHERE consumer = $1 AND subject = $2 AND settled_at IS NOT NULL AND {_PLACE} > $3 ORDER BY place
"""
_SETTLE = "UPDATE dead_letter SET settled_at = $2, outcome = $3 WHERE id = $1"
_FAILED = "UPDATE dead_letter SET attempts = attempts + 1, error = $2 WHERE id = $1 AND settled_at IS NULL"
_LEFT = "SELECT count(*) FROM dead_letter WHERE consumer = $1 AND subject = $2 AND settled_at IS NULL"


@dataclass(frozen=True, slots=True)
class Redriven:
    """How far a redrive came: letters settled by it, letters of the subject still open, and why it stopped if it did."""

    settled: int
    left: int
    error: str | None


class _NotFirst(Rejected):
    code = "earlier_letter_open"


async def park(tx: Tx, consumer: str, unfit: Sequence[tuple[Delivered, str]], attempts: int = 0) -> None:
    """Keep messages with the reason, in the transaction that moves the offset over them."""
    rows = [
        (
            new_id(),
            message.topic,
            message.partition,
            message.offset,
            _storable(subject_of(message.headers)),
            {_storable(name): _storable(value) for name, value in message.headers.items()},
            message.value,
            _storable(error),
        )
        for message, error in unfit
    ]
    if rows:
        await tx.execute(_PARK, consumer, attempts, tx.now, *(list(column) for column in zip(*rows, strict=True)))


def describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


def _storable(text: str) -> str:
    """Postgres holds neither NUL nor half a surrogate pair, and a poison message must not make its own parking fail."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


async def redrive(db: Database, id: UUID, readers: Mapping[str, LogReader], *, service: str, clock: Clock) -> Redriven:
    """Handle this letter again, then those of its subject behind it, in order, each in a transaction, until one fails.

    `readers` are the service's, by name. A letter that was parked for a gap is handled all the same: asking for it accepts
    the gap. `NotFound`; `Rejected` when it is settled, when an earlier one of its subject is open, or its reader is no more.
    """
    async with db.read() as reader:
        letter = await _get(reader, id)
    by = readers.get(letter["consumer"])
    if by is None:
        raise Rejected("This version of the service has no such reader; the letter can only be dropped.", code="no_consumer")
    turn: UUID | None = id
    settled, error = 0, None
    while turn is not None and error is None:
        try:
            async with db.begin(Context(service, SYSTEM, clock(), f"redrive:{id}", moved=moved_by(clock))) as tx:
                following = await _handle_again(tx, turn, by, accept_gap=turn == id)
        except Exception as failure:
            if isinstance(failure, _NotFirst) or is_outage(failure):
                raise
            error = _storable(describe(failure))
            async with db.connection() as conn:
                await conn.execute(_FAILED, turn, error)
        else:
            settled, turn = settled + 1, following
    async with db.read() as reader:
        left = await reader.value(_LEFT, letter["consumer"], letter["subject"])
    log.info("dead_letter_redriven", consumer=letter["consumer"], subject=letter["subject"], settled=settled, left=left, error=error)
    return Redriven(settled, left, error)


async def drop(tx: Tx, id: UUID, reason: str) -> None:
    """Settle this letter without handling it. Those behind it stay open until they are redriven. `NotFound`, `Rejected`."""
    letter = await _lock(tx, id)
    await _settle(tx, letter, f"dropped: {reason}", first=await _first(tx, letter) == id)


async def _get(db: Reader, id: UUID) -> Any:
    letter = await db.row(_GET, id)
    if letter is None:
        raise NotFound("There is no such dead letter.")
    if letter["settled_at"] is not None:
        raise Rejected("This letter is settled already.", code="settled")
    return letter


async def _lock(tx: Tx, id: UUID) -> Any:
    letter = await _get(tx, id)
    await tx.execute(_LOCK, letter["consumer"], letter["topic"], letter["partition"])
    return await _get(tx, id)


async def _first(tx: Tx, letter: Any) -> UUID | None:
    """The open letter of the same subject that comes first; without a readable subject each stands for itself."""
    first: UUID | None = await tx.value(_FIRST, letter["consumer"], letter["subject"])
    return first if _is_uuid(letter["subject"]) else letter["id"]


async def _handle_again(tx: Tx, id: UUID, by: LogReader, *, accept_gap: bool) -> UUID | None:
    """Returns the letter behind it, if there is one."""
    letter = await _lock(tx, id)
    first = await _first(tx, letter)
    if first != id:
        raise _NotFirst(f"An earlier letter of the same subject is open: settle {first} first.")
    subject, version = stamp(letter["headers"])
    seen = await tx.value(_SEEN, by.names, subject)
    if seen is None or version > seen:
        missing = gap(seen, version)
        if missing and not accept_gap:
            raise ValueError(missing)
        event = read(letter["headers"], letter["value"], parsed_by(by.handle), subject)
        message = Delivered(*(letter[n] for n in ("topic", "partition", "offset", "subject", "value", "headers")))
        await give(by.handle, tx, [event] if event else [], [message])
    await _settle(tx, letter, "redriven", first=True)
    following: UUID | None = await tx.value(_FIRST, letter["consumer"], letter["subject"])
    return following


async def _settle(tx: Tx, letter: Any, outcome: str, *, first: bool) -> None:
    await tx.execute(_SETTLE, letter["id"], tx.now, outcome)
    try:
        subject, version = stamp(letter["headers"])
    except ValueError:
        return
    if not first:
        return
    consumer = letter["consumer"]
    seen = max(version, await tx.value(_SEEN, [consumer], subject) or 0)
    # Letters behind it may have been dropped before it: then the version passes over them too.
    for row in await tx.rows(_SETTLED_AFTER, consumer, letter["subject"], f"{seen:019d}"):
        if int(row["place"]) != seen + 1:
            break
        seen += 1
    await saw(tx, consumer, {subject: seen})


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
