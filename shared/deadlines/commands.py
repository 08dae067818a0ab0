"""Start, meet, stop, pause and move deadlines. They follow from the events that their declarations name, in the same transaction.

Whoever tells those events holds the lock of the record; the deadline's comes after it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select

from shared.calendar.working import Calendar
from shared.db.outbox import Told
from shared.db.query import Query, is_in
from shared.db.tables import DEADLINE
from shared.db.tx import Consequence, Follows, Reader, Tx
from shared.deadlines import rules
from shared.deadlines.record import DEADLINES, Begin, Deadline, DeadlineState, Running
from shared.events.envelope import Event
from shared.history import starts_work
from shared.ids import new_id
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY
from shared.timers import cancel_timers_of, set_timers

TIMER = "deadline"
"""The timer of all deadlines; its subject is the deadline."""

WANTED = """
SELECT id, CASE WHEN warned_at IS NULL AND warn_at < due_at THEN warn_at ELSE due_at END, '{}'::jsonb
FROM deadline WHERE state = 'running' AND missed_at IS NULL
"""
"""The timers of all deadlines, for `shared.rezone`."""

_all = select(*[DEADLINE.c[name] for name in DEADLINES.names])
_named = _all.where(DEADLINE.c.name == bindparam("name"), is_in(DEADLINE.c.record_id, "records")).order_by(DEADLINE.c.id)
_LOCK = Query(_named.with_for_update(), Running)
_OF_RECORDS = Query(_all.where(is_in(DEADLINE.c.record_id, "records")).order_by(DEADLINE.c.started_at, DEADLINE.c.id), Running)


async def of_records(db: Reader, records: Sequence[UUID]) -> dict[UUID, list[Running]]:
    """The deadlines of records, by record, in the order in which they started."""
    found: dict[UUID, list[Running]] = defaultdict(list)
    for deadline in await db.all(_OF_RECORDS, records=list(records)):
        found[deadline.record_id].append(deadline)
    return found


def following(deadlines: Sequence[Deadline]) -> Follows:
    """What a service gives as `follows`: what these deadlines do when it tells of something."""
    found: dict[type[Event], list[Consequence]] = defaultdict(list)
    for deadline in deadlines:
        for event, due in deadline.starts.items():
            found[event].append(partial(_start, deadline, due))
        for events, step in ((deadline.meets, _meet), (deadline.stops, _stop), (deadline.pauses, _pause), (deadline.resumes, _resume)):
            for event in events:
                found[event].append(partial(_happened, deadline, step))
    return found


# -- What follows from events ------------------------------------------------------------------------------------------------


async def _start(deadline: Deadline, due: Callable[[Tx, Told], datetime | None], tx: Tx, told: Sequence[Told]) -> None:
    begun = []
    for one in told:
        imported, asked = getattr(one.event, "imported", False), deadline.asked(one.event)
        if starts_work(tx, one.time, imported=imported, asked=asked) and (due_at := due(tx, one)) is not None:
            begun.append(Begin(deadline.record(one), one.time, due_at))
    await start_many(tx, deadline, begun)


async def start(tx: Tx, deadline: Deadline, record_id: UUID, *, started_at: datetime, due_at: datetime) -> None:
    """Let it run until `due_at`, also when it ran before."""
    await start_many(tx, deadline, [Begin(record_id, started_at, due_at)])


async def start_many(
    tx: Tx, deadline: Deadline, begun: Sequence[Begin], records: Mapping[UUID, Any] | None = None, *, fresh: bool = False
) -> None:
    """The same for many records; of one that is named twice the last counts.

    `records`: those, where the caller has read them; `fresh`: they are new, and none of them has had it before.
    """
    if not begun:
        return
    by_record = {one.record_id: one for one in begun}
    ids = list(by_record)
    before = {} if fresh else {running.record_id: running for running in await tx.all(_LOCK, name=deadline.name, records=ids)}
    if records is None:
        records = {record.id: record for record in await tx.all(deadline.clocks.of.get_many, ids=ids)}
    known: list[tuple[Running, list[tuple[Event, datetime]]]] = []
    new: list[tuple[Running, list[tuple[Event, datetime]]]] = []
    for one in by_record.values():
        was = before.get(one.record_id)
        warn_at = one.warn_at or deadline.warns(tx, one.started_at, one.due_at)
        now = Running(
            id=was.id if was else new_id(),
            version=was.version if was else 0,
            name=deadline.name,
            record_id=one.record_id,
            state=DeadlineState.RUNNING,
            working=deadline.working,
            started_at=one.started_at,
            due_at=one.due_at,
            warn_at=warn_at,
        )
        more = {"deadline": deadline.name, "due_at": one.due_at, "started_at": one.started_at, "warn_at": warn_at}
        event = _tells(deadline, deadline.clocks.started, records[one.record_id], **more)
        (known if was else new).append((now, [(event, one.started_at)]))
    await cancel_timers_of(tx, [now.id for now, _ in known], TIMER)
    await tx.save_many(DEADLINES, known)
    await tx.add_many(DEADLINES, new)
    await _set(tx, [now for now, _ in [*known, *new]])


async def stop_many(tx: Tx, deadline: Deadline, ended: Mapping[UUID, datetime]) -> None:
    """Nobody waits any more for those of these records that run, each from its time on."""
    await _each(tx, deadline, _stop, ended)


class _Change(NamedTuple):
    """What becomes of a deadline, and how that is told."""

    after: Running
    event: type[Event]
    said: Mapping[str, Any] = {}


Step = Callable[[Tx, Deadline, Running, datetime], _Change | None]


async def _happened(deadline: Deadline, step: Step, tx: Tx, told: Sequence[Told]) -> None:
    """An event has happened that changes the deadlines of its records."""
    by_record = {deadline.record(one): one for one in told}

    def counts(running: Running) -> bool:
        return step is not _meet or deadline.counts(tx, by_record[running.record_id], running)

    await _each(tx, deadline, step, {id: one.time for id, one in by_record.items()}, counts)


async def _each(
    tx: Tx, deadline: Deadline, step: Step, times: Mapping[UUID, datetime], counts: Callable[[Running], bool] = lambda running: True
) -> None:
    """Take this step with those of these records that are open and that it counts for, each at its time."""
    found = await tx.all(_LOCK, name=deadline.name, records=list(times)) if times else []
    changed = []
    for before in found:
        if before.state in rules.OPEN and counts(before) and (change := step(tx, deadline, before, times[before.record_id])):
            changed.append((change, times[before.record_id]))
    await _write(tx, deadline, changed)


async def _write(tx: Tx, deadline: Deadline, changed: Sequence[tuple[_Change, datetime]]) -> None:
    """Write and tell these changes, and look at each when its time comes, and not when it came before."""
    if not changed:
        return
    ids = [change.after.record_id for change, _ in changed]
    records = {record.id: record for record in await tx.all(deadline.clocks.of.get_many, ids=ids)}
    rows = []
    for (after, event, said), at in changed:
        record = records[after.record_id]
        more = await deadline.more(tx, record, after) if after.state is DeadlineState.MET else {}
        told = _tells(deadline, event, record, deadline=deadline.name, due_at=after.due_at, **said, **more)
        rows.append((after, [(told, at)]))
    await tx.save_many(DEADLINES, rows)
    await cancel_timers_of(tx, [after.id for after, _ in rows], TIMER)
    await _set(tx, [after for after, _ in rows])


def _meet(_tx: Tx, deadline: Deadline, before: Running, at: datetime) -> _Change:
    after = rules.met(before, at)
    in_time = after.missed_at is None
    taken_back = in_time and before.missed_at is not None
    return _Change(after, deadline.clocks.met, {"met_at": at, "in_time": in_time, "taken_back": taken_back})


def _stop(_tx: Tx, deadline: Deadline, before: Running, at: datetime) -> _Change:
    return _Change(rules.stopped(before, at), deadline.clocks.stopped)


def _pause(tx: Tx, deadline: Deadline, before: Running, at: datetime) -> _Change | None:
    after = rules.paused(before, at, _time(tx, before))
    paused = deadline.clocks.paused
    return _Change(after, paused) if after != before and paused is not None else None


def _resume(tx: Tx, deadline: Deadline, before: Running, at: datetime) -> _Change | None:
    after = rules.resumed(before, at, _time(tx, before))
    if after == before:
        return None
    warn_at = deadline.warns(tx, after.started_at, after.due_at)
    return _goes_on(deadline, rules.moved(after, after.due_at, warn_at, tx.now), "resumed")


async def move(tx: Tx, deadline: Deadline, record_id: UUID, due_at: datetime) -> None:
    """Give a deadline that runs another end: another policy holds for what runs."""
    before = await tx.first(_LOCK, name=deadline.name, records=[record_id])
    if before is not None and before.state is DeadlineState.RUNNING and before.due_at != due_at:
        after = rules.moved(before, due_at, deadline.warns(tx, before.started_at, due_at), tx.now)
        await _write(tx, deadline, [(_goes_on(deadline, after, "moved"), tx.now)])


def _goes_on(deadline: Deadline, after: Running, why: str) -> _Change:
    return _Change(after, deadline.clocks.started, {"why": why, "started_at": after.started_at, "warn_at": after.warn_at})


# -- What time does ----------------------------------------------------------------------------------------------------------


async def tick(tx: Tx, deadline: Deadline, found: Running) -> bool:
    """Warn of it, or tell that it was missed, when the time for that has come; whether that was a miss.

    The record is locked first, as by every command.
    """
    record = await tx.load(deadline.clocks.of, found.record_id)
    before = await tx.load(DEADLINES, found.id)
    after = rules.ticked(before, tx.now)
    common = {"deadline": deadline.name, "due_at": after.due_at}
    told: list[tuple[Event, datetime]] = []
    if after.warned_at is not None and before.warned_at is None:
        told.append((_tells(deadline, deadline.clocks.warned, record, **common), after.warned_at))
    missed = after.missed_at is not None and before.missed_at is None
    if after.missed_at is not None and missed:
        more = await deadline.more(tx, record, after)
        told.append((_tells(deadline, deadline.missed or deadline.clocks.missed, record, **common, **more), after.missed_at))
    if told:
        await tx.save_many(DEADLINES, [(after, told)])
        await _set(tx, [after])
    return missed


async def _set(tx: Tx, deadlines: Sequence[Running]) -> None:
    looks = {deadline.id: rules.next_look(deadline) for deadline in deadlines}
    await set_timers(tx, TIMER, {id: look for id, look in looks.items() if look is not None}, again=True)


def _tells(of: Deadline, event: type[Event], record: Any, **more: Any) -> Event:
    return of.clocks.tells(event, record, **more)


class _WorkingTime:
    """Only working time counts, by the company's calendar."""

    def __init__(self, calendar: Calendar) -> None:
        self.between = calendar.working_time_between
        self._add = calendar.add_working_hours

    def after(self, start: datetime, span: Any) -> datetime:
        return self._add(start, span.total_seconds() / 3600)


def _time(tx: Tx, deadline: Running) -> rules.Time:
    if not deadline.working:
        return rules.CalendarTime()
    return _WorkingTime(calendar_of(tx.policy(COMPANY_POLICY)))


def working_hours(tx: Tx, at: datetime, hours: float) -> datetime:
    """When so many working hours after `at` are over, by the company's calendar."""
    return calendar_of(tx.policy(COMPANY_POLICY)).add_working_hours(at, hours)
