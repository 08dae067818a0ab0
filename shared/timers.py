"""Timers: rows that a worker acts on when they are due.

A command sets and cancels them in its own transaction. A worker claims one for a while, in another transaction, and then
acts and marks it fired in one: the mark comes last and only on a timer that is still open. So locks are taken in the order in
which commands take them (first what is watched, then the timer), and a timer that was cancelled meanwhile has no effect.

When one is due is the business's time; claims and waits after a failure are the machine's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Gauge, Histogram

from shared.auth import SYSTEM
from shared.clock import READABLE_YEARS, Clock, machine, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.errors import Invalid
from shared.ids import new_id
from shared.process.outage import Outage, every, is_outage, pause

log = structlog.get_logger()

LATENESS = Histogram(
    "clinch_timer_lateness_seconds",
    "From when a timer was due to when it had fired.",
    ["service", "kind"],
    buckets=(0.1, 0.5, 1, 2, 5, 15, 60, 600, 3600, 86400),
)
OVERDUE = Gauge(
    "clinch_timer_overdue_seconds",
    "How long a timer that is due has not fired, at most; 0 when none is. One for a time that was over when it was set counts from then.",
    ["service"],
)
FAILING = Gauge("clinch_timers_failing", "Timers that were tried in vain and will be tried again.", ["service"])
CLAIM = timedelta(seconds=15)
"""For so long a claim hides a timer from other workers; the timer of a worker that died is taken up by another afterwards."""
RETRY = (timedelta(seconds=5), timedelta(hours=1))
"""First and longest wait before a timer that failed is tried again; it doubles in between."""
LOOK_SECONDS = 1.0
SAMPLE_SECONDS = 5.0

_SET = """
INSERT INTO timer (id, kind, subject, due_at, data)
SELECT given.id, $2, given.subject, given.due_at, $5 FROM unnest($1::uuid[], $3::uuid[], $4::timestamptz[]) AS given (id, subject, due_at)
ON CONFLICT (kind, subject, due_at) DO UPDATE
SET data = excluded.data, cancelled_at = NULL, fired_at = NULL, attempts = 0, retry_at = NULL, error = NULL
WHERE timer.fired_at IS NULL OR $6
"""
_OPEN = "fired_at IS NULL AND cancelled_at IS NULL"
_CANCEL = f"""
UPDATE timer SET cancelled_at = $3
WHERE subject = ANY($1::uuid[]) AND ($2::text IS NULL OR kind = $2) AND id IS DISTINCT FROM $4 AND {_OPEN}
"""
_CLAIM = f"""
UPDATE timer SET retry_at = $3 WHERE id = (
  SELECT id FROM timer WHERE {_OPEN} AND due_at <= $1 AND (retry_at IS NULL OR retry_at <= $4) AND kind = ANY($2::text[])
  ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id, kind, subject, due_at, data, attempts
"""
_STILL_OPEN = f"SELECT EXISTS (SELECT FROM timer WHERE id = $1 AND {_OPEN})"
_FIRE = f"""
UPDATE timer SET fired_at = $2, error = NULL
WHERE id = $1 AND {_OPEN}
"""
_FAIL = f"UPDATE timer SET attempts = attempts + 1, retry_at = $2, error = $3 WHERE id = $1 AND {_OPEN}"
# An import of last year's deals sets timers for last year; when one was set, by the machine's clock, is in its id (UUIDv7).
_STATE = f"""
SELECT min(greatest(due_at, uuid_extract_timestamp(id) + $2::interval)), count(*) FILTER (WHERE error IS NOT NULL)
FROM timer WHERE {_OPEN} AND due_at <= $1
"""
# Within the time that the loop waits at most, so that no timer of a time out of range is ever read.
_NEXT = f"SELECT min(greatest(due_at, retry_at + $4::interval, $2)) FROM timer WHERE {_OPEN} AND kind = ANY($1::text[]) AND due_at <= $3"


@dataclass(frozen=True, slots=True)
class Timer:
    """What a handler gets. `attempts`: how often it has failed before."""

    id: UUID
    kind: str
    subject: UUID
    due_at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0


Handler = Callable[[Tx, Timer], Awaitable[None]]


class _Overtaken(Exception):
    """The timer was cancelled, or fired by another worker, while its handler ran: roll back."""


async def set_timer(tx: Tx, kind: str, subject: UUID, due_at: datetime, data: Mapping[str, Any] | None = None) -> None:
    """Act at `due_at`, or soon after.

    The same timer set again is one timer; one that was cancelled is open again.

    `Invalid` for a time that Postgres or a calendar cannot keep: such a timer could never be claimed.
    """
    await set_timers(tx, kind, {subject: due_at}, data)


async def set_timers(
    tx: Tx, kind: str, due: Mapping[UUID, datetime], data: Mapping[str, Any] | None = None, *, again: bool = False
) -> None:
    """The same for many subjects, each with its time, by one statement.

    With `again` one that has fired for the same time fires once more: what it is about may have had another time since.
    """
    for due_at in due.values():
        if due_at.tzinfo is None or not READABLE_YEARS[0] <= due_at.year < READABLE_YEARS[1]:
            raise Invalid(f"This would be due on {due_at:%Y-%m-%d}; nothing can be reminded of then.", pointer="due_at", code="time_range")
    if due:
        args = [new_id() for _ in due], kind, list(due), list(due.values()), dict(data or {}), again
        await tx.insert(_SET, *args, into="timer", ids=list(due))


async def cancel_timers(tx: Tx, subject: UUID, kind: str | None = None) -> None:
    """Cancel the open timers of `subject`, or those of one kind; not the one whose handler does so, which fires."""
    await cancel_timers_of(tx, [subject], kind)


async def cancel_timers_of(tx: Tx, subjects: Sequence[UUID], kind: str | None = None) -> None:
    """The same for many subjects, by one statement."""
    if subjects:
        await tx.execute(_CANCEL, list(subjects), kind, tx.now, tx.firing)


async def run(db: Database, handlers: Mapping[str, Handler], stop: asyncio.Event, clock: Clock, *, service: str) -> None:
    """Fire what is due until `stop` is set. Several workers may run; each timer takes effect once."""
    outage = Outage("timers", service=service)
    for kind in handlers:
        LATENESS.labels(service, kind)  # there from the beginning, so that the first one is an increase
    while not stop.is_set():
        try:
            fired = await fire_due(db, handlers, clock, service=service, stop=stop)
            wait = 0.0 if fired else await _until_next(db, handlers, clock)
        except Exception as error:
            await outage.wait(error, stop)
            continue
        outage.over()
        await pause(wait, stop)


async def fire_due(db: Database, handlers: Mapping[str, Handler], clock: Clock, *, service: str, stop: asyncio.Event | None = None) -> int:
    """Fire everything that is due now, earliest first; returns how many fired.

    Those that fail are tried again later.
    """
    fired = 0
    while not (stop and stop.is_set()):
        now, at = clock(), machine(clock)()
        async with db.connection() as conn:
            row = await conn.fetchrow(_CLAIM, now, list(handlers), at + CLAIM, at)
        if row is None:
            break
        fired += await _fire(db, Timer(**row), now, handlers, clock, service)
    return fired


async def _fire(db: Database, timer: Timer, now: datetime, handlers: Mapping[str, Handler], clock: Clock, service: str) -> bool:
    """`now` is when it was found due: a clock that has stepped back since must not tell its handler that there is nothing to do yet."""
    try:
        async with db.begin(Context(service, SYSTEM, now, f"timer:{timer.id}", moved=moved_by(clock))) as tx:
            if not await tx.value(_STILL_OPEN, timer.id):
                return False
            tx.firing = timer.id
            await handlers[timer.kind](tx, timer)
            if await tx.execute(_FIRE, timer.id, now) != "UPDATE 1":
                raise _Overtaken
    except _Overtaken:
        return False
    except Exception as error:
        if is_outage(error):
            raise
        wait = min(RETRY[0] * 2 ** min(timer.attempts, 20), RETRY[1])
        reason = f"{type(error).__name__}: {error}"[:2000].replace("\0", "")
        async with db.connection() as conn:
            await conn.execute(_FAIL, timer.id, machine(clock)() + wait, reason)
        log.error("timer_failed", service=service, kind=timer.kind, subject=str(timer.subject), attempts=timer.attempts + 1, error=reason)
        return False
    if timer.due_at.tzinfo:  # asyncpg gives -infinity, which somebody wrote by hand, as the year 1 without a zone
        LATENESS.labels(service, timer.kind).observe(max(0.0, (now - timer.due_at).total_seconds()))
    return True


async def _until_next(db: Database, handlers: Mapping[str, Handler], clock: Clock) -> float:
    """Seconds until the next timer is due, at most `LOOK_SECONDS`: another process may set one at any time."""
    async with db.connection() as conn:
        now = clock()
        due: datetime | None = await conn.fetchval(_NEXT, list(handlers), now, now + timedelta(seconds=LOOK_SECONDS), moved_by(clock))
    return LOOK_SECONDS if due is None else min(LOOK_SECONDS, max(0.0, (due - clock()).total_seconds()))


async def sample(db: Database, clock: Clock, stop: asyncio.Event, *, service: str) -> None:
    """Keep the gauges of what is late current until `stop` is set."""

    async def look() -> None:
        now = clock()
        async with db.read() as reader:
            oldest, failing = await reader.row(_STATE, now, moved_by(clock))
        OVERDUE.labels(service).set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        FAILING.labels(service).set(failing)

    await every(SAMPLE_SECONDS, look, stop, Outage("timer sampler", service=service))
