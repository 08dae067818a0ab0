"""Start, meet, stop, pause and move deadlines. They follow from the events that their declarations name, in the same transaction.

Whoever tells those events holds the lock of the record; the deadline's comes after it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
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
from shared.timers import cancel_timers, cancel_timers_of, set_timers

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
                found[event].append(partial(_each, deadline, step))
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


async def start_many(tx: Tx, deadline: Deadline, begun: Sequence[Begin]) -> None:
    """The same for many records; of one that is named twice the last counts."""
    if not begun:
        return
    by_record = {one.record_id: one for one in begun}
    ids = list(by_record)
    before = {running.record_id: running for running in await tx.all(_LOCK, name=deadline.name, records=ids)}
    records = {record.id: record for record in await tx.all(deadline.clocks.of.get_many, ids=ids)}
    known: list[tuple[Running, list[tuple[Event, datetime]]]] = []
    new: list[tuple[Running, list[tuple[Event, datetime]]]] = []
    for one in by_record.values():
        was = before.get(one.record_id)
        warn_at = deadline.warns(tx, one.started_at, one.due_at)
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
    looks = {now.id: rules.next_look(now) for now, _ in [*known, *new]}
    await set_timers(tx, TIMER, {id: look for id, look in looks.items() if look is not None}, again=True)


async def stop_many(tx: Tx, deadline: Deadline, ended: Mapping[UUID, datetime]) -> None:
    """Nobody waits any more for those of these records that run, each from its time on."""
    await _each_of(tx, deadline, _stop, ended)


Step = Callable[[Tx, Deadline, Running, datetime], Any]


async def _each(deadline: Deadline, step: Step, tx: Tx, told: Sequence[Told]) -> None:
    by_record = {deadline.record(one): one for one in told}
    for running in await tx.all(_LOCK, name=deadline.name, records=list(by_record)):
        one = by_record[running.record_id]
        if running.state in rules.OPEN and (step is not _meet or deadline.counts(tx, one, running)):
            await step(tx, deadline, running, one.time)


async def _each_of(tx: Tx, deadline: Deadline, step: Step, times: Mapping[UUID, datetime]) -> None:
    for running in await tx.all(_LOCK, name=deadline.name, records=list(times)) if times else ():
        if running.state in rules.OPEN:
            await step(tx, deadline, running, times[running.record_id])


async def _meet(tx: Tx, deadline: Deadline, before: Running, at: datetime) -> None:
    after = rules.met(before, at)
    in_time = after.missed_at is None
    taken_back = in_time and before.missed_at is not None
    record = await tx.get(deadline.clocks.of, after.record_id)
    said = {"deadline": deadline.name, "due_at": after.due_at, "met_at": at, "in_time": in_time, "taken_back": taken_back}
    told = _tells(deadline, deadline.clocks.met, record, **said, **await deadline.more(tx, record, after))
    await _look_at(tx, await _save(tx, before, after, (told, at)))


async def _stop(tx: Tx, deadline: Deadline, before: Running, at: datetime) -> None:
    after = rules.stopped(before, at)
    await _look_at(tx, await _save(tx, before, after, (await _told(tx, deadline, deadline.clocks.stopped, after), at)))


async def _pause(tx: Tx, deadline: Deadline, before: Running, at: datetime) -> None:
    after = rules.paused(before, at, _time(tx, before))
    if after != before and deadline.clocks.paused is not None:
        await _look_at(tx, await _save(tx, before, after, (await _told(tx, deadline, deadline.clocks.paused, after), at)))


async def _resume(tx: Tx, deadline: Deadline, before: Running, at: datetime) -> None:
    after = rules.resumed(before, at, _time(tx, before))
    if after != before:
        warn_at = deadline.warns(tx, after.started_at, after.due_at)
        await _go_on(tx, deadline, before, rules.moved(after, after.due_at, warn_at, tx.now), at, "resumed")


async def move(tx: Tx, deadline: Deadline, record_id: UUID, due_at: datetime) -> None:
    """Give a deadline that runs another end: another policy holds for what runs."""
    before = await tx.first(_LOCK, name=deadline.name, records=[record_id])
    if before is not None and before.state is DeadlineState.RUNNING and before.due_at != due_at:
        after = rules.moved(before, due_at, deadline.warns(tx, before.started_at, due_at), tx.now)
        await _go_on(tx, deadline, before, after, tx.now, "moved")


async def _go_on(tx: Tx, deadline: Deadline, before: Running, after: Running, at: datetime, why: str) -> None:
    more = {"why": why, "started_at": after.started_at, "warn_at": after.warn_at}
    await _look_at(tx, await _save(tx, before, after, (await _told(tx, deadline, deadline.clocks.started, after, **more), at)))


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
        await _set(tx, await _save(tx, before, after, *told))
    return missed


async def _look_at(tx: Tx, deadline: Running) -> Running:
    """Look at it again when its time comes, and not when it came before."""
    await cancel_timers(tx, deadline.id, TIMER)
    await _set(tx, deadline)
    return deadline


async def _set(tx: Tx, deadline: Running) -> None:
    if (look := rules.next_look(deadline)) is not None:
        await set_timers(tx, TIMER, {deadline.id: look}, again=True)


_CHANGED = [name for name in DEADLINES.names if name not in ("id", "version", "name", "record_id")]


async def _save(tx: Tx, before: Running, after: Running, *told: tuple[Event, datetime]) -> Running:
    changes = {name: getattr(after, name) for name in _CHANGED if getattr(after, name) != getattr(before, name)}
    (first, at), *more = told
    saved = await tx.save(DEADLINES, before, first, at=at, **changes)
    for event, when in more:
        saved = await tx.save(DEADLINES, saved, event, at=when)
    return saved


async def _told(tx: Tx, deadline: Deadline, event: type[Event], now: Running, **more: Any) -> Event:
    record = await tx.get(deadline.clocks.of, now.record_id)
    return _tells(deadline, event, record, deadline=deadline.name, due_at=now.due_at, **more)


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
