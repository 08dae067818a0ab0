"""The last statement of a transaction: the changes that wait, its events and their places in the outbox.

The answer to the request's Idempotency-Key goes with it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from itertools import chain, count, islice
from typing import Any, Literal, NamedTuple
from uuid import UUID

import asyncpg

from shared.clock import EARLIEST, LATEST, YEARS
from shared.db.context import Context
from shared.errors import Invalid
from shared.events.envelope import ActorRef, Event, Stamp


class Told(NamedTuple):
    """An event that waits to be written: its aggregate, its version, and when it happened in the business."""

    id: UUID
    subject: UUID
    version: int
    time: datetime
    event: Event


class Answer(NamedTuple):
    """What an Idempotency-Key is answered with for 24 hours; `key` is a digest that names its owner and operation too."""

    key: bytes
    body_hash: bytes
    status: int
    headers: dict[str, str]
    body: bytes


class Change(NamedTuple):
    """A statement that changes rows of a table, with its arguments. `adds`: it inserts them."""

    sql: str
    args: Sequence[Any]
    table: str
    ids: Sequence[UUID]
    adds: bool

    def goes_with(self, other: "Change") -> bool:
        """Whether both can be one statement: none of its parts sees what another one has done, and their order is Postgres' own."""
        return self.table != other.table or (self.adds and other.adds and set(self.ids).isdisjoint(other.ids))

    def shows_in(self, sql: str) -> bool:
        """Whether this statement may see or change what was changed. It cannot if it only selects, and does not name the table."""
        return _names(sql, self.table)


@lru_cache(maxsize=4096)
def _names(sql: str, table: str) -> bool:
    return not sql.lstrip().startswith("SELECT") or re.search(rf"\b{table}\b", sql) is not None


@contextmanager
def named(changes: Sequence[Change]) -> Iterator[None]:
    """Say which row it was when Postgres refuses one: the line that changed it is left by then."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        for one in [change for change in changes if change.table == error.table_name] or changes:
            rows = ", ".join(map(str, one.ids))
            error.add_note(f"The change of {one.table} {rows} was refused; it waited for the next statement or the commit.")
        raise


MANY = 100
"""From so many rows on, COPY is the cheapest way."""

_ANSWER = """
INSERT INTO idempotency (key, body_hash, status, headers, body, created_at) VALUES ({}, {}, {}, {}, {}, now())
ON CONFLICT (key) DO UPDATE SET body_hash = excluded.body_hash, status = excluded.status, headers = excluded.headers,
  body = excluded.body, created_at = excluded.created_at
WHERE idempotency.created_at <= now() - interval '24 hours' RETURNING true
"""
_EVENT = {"id": "uuid", "type": "text", "aggregate": "text", "subject": "uuid", "version": "bigint", "time": "timestamptz", "data": "json"}
_META = {
    "recorded_at": "timestamptz",
    "actor_id": "uuid",
    "actor_role": "text",
    "correlation_id": "text",
    "causation_id": "uuid",
    "traceparent": "text",
}


async def write(conn: Any, context: Context, told: Sequence[Told], answer: Answer | None = None, changes: Sequence[Change] = ()) -> bool:
    """Write all by one statement.

    False when the key has got its answer from another transaction, and this one must roll back.

    The caller holds the locks of the events' aggregates, so queue order is version order for each of them.
    """
    if len(told) >= MANY:
        return await _copy(conn, context, told, answer, changes)
    statement = _statement(tuple((one.sql, len(one.args)) for one in changes), answer is not None, _count(told))
    events = _event_args(context, told) if told else ()
    written = await conn.fetchval(statement, *chain.from_iterable(one.args for one in changes), *(answer or ()), *events)
    return answer is None or written is not None


async def _copy(conn: Any, context: Context, told: Sequence[Told], answer: Answer | None, changes: Sequence[Change]) -> bool:
    """The same for many events, by COPY, which costs a third of it."""
    if (changes or answer) and not await write(conn, context, [], answer, changes):
        return False
    meta = _meta(context)
    names = [*_EVENT, *(name for name, value in zip(_META, meta, strict=True) if value is not None)]
    known = tuple(value for value in meta if value is not None)
    rows = [(*row, *known) for row in _rows(context, told)]
    await conn.copy_records_to_table("event", records=rows, columns=names)
    # Only now does the transaction have a number, whatever it wrote before.
    await conn.copy_records_to_table("outbox", records=[(t.id,) for t in told], columns=["event_id"])
    return True


def _rows(context: Context, told: Sequence[Told]) -> list[tuple[Any, ...]]:
    _refuse_odd_times(told)
    actor = ActorRef(type=context.actor.type, id=context.actor.id, role=context.actor.role)
    stamp = Stamp(context.now, actor, context.correlation_id, context.causation_id)
    return [(t.id, t.event.type, t.event.aggregate, t.subject, t.version, t.time, stamp.put_on(t.event)) for t in told]


def _refuse_odd_times(told: Sequence[Told]) -> None:
    """Refuse times that no reader could take: Postgres would keep the year 1 as -infinity. Fields have guards of their own."""
    for t in told:
        if t.time.tzinfo is None or not EARLIEST <= t.time < LATEST:
            says = f"This happened on {t.time:%Y-%m-%d}; write a time {YEARS}."
            raise Invalid(says, pointer="time", code="time_range")


def _meta(context: Context) -> tuple[Any, ...]:
    actor = context.actor
    return context.now, actor.id, actor.role, context.correlation_id, context.causation_id, context.traceparent


def _event_args(context: Context, told: Sequence[Told]) -> list[Any]:
    rows = _rows(context, told)
    given = rows[0] if len(rows) == 1 else [list(column) for column in zip(*rows, strict=True)]
    return [*given, *_meta(context)]


def _count(told: Sequence[Told]) -> Literal[0, 1, 2]:
    """None, one, or several."""
    return 0 if not told else 1 if len(told) == 1 else 2


@lru_cache(maxsize=512)
def _statement(changes: Sequence[tuple[str, int]], answered: bool, events: Literal[0, 1, 2]) -> str:
    """The parameters of the changes come first, which are given with their numbers; then the answer's, the events'.

    Lists of columns (UNNEST) carry any number of events; one alone, the usual case, goes as plain values at half the cost.

    Places in the outbox come out of the events that were inserted, so that no transaction draws one before it has a number (xid): the
    relay's `Cleared` rests on it.
    """
    parts, before = dict[str, str](), 0
    for n, (change, parameters) in enumerate(changes):
        parts[f"changed{n}"] = _shifted(change, before)
        before += parameters
    given = (f"${n}" for n in count(before + 1))
    if answered:
        parts["answer"] = _ANSWER.format(*islice(given, len(Answer._fields)))
    if events:
        event, meta = ([f"{next(given)}::{kind}" for kind in kinds.values()] for kinds in (_EVENT, _META))
        lists = ", ".join(f"{parameter}[]" for parameter in event)
        rows = f"VALUES ({', '.join(event + meta)})" if events == 1 else f"SELECT *, {', '.join(meta)} FROM unnest({lists})"
        in_order = "" if events == 1 else f" JOIN unnest({event[0]}[]) WITH ORDINALITY AS told(id, n) USING (id) ORDER BY n"
        parts["kept"] = f"INSERT INTO event ({', '.join([*_EVENT, *_META])}) {rows} RETURNING id"
        parts["queued"] = f"INSERT INTO outbox (event_id) SELECT id FROM kept{in_order}"
    written = ", ".join(f"{name} AS ({sql})" for name, sql in parts.items())
    return f"WITH {written} SELECT {'(SELECT true FROM answer)' if answered else 'true'}"


def _shifted(sql: str, by: int) -> str:
    """The statement with its parameters behind so many others."""
    return re.sub(r"\$(\d+)", lambda parameter: f"${int(parameter[1]) + by}", sql) if by else sql
