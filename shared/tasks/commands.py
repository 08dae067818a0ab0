"""Set tasks, and close them when the act that they wait for happens. Callers hold the lock of the records.

Everything is written for many records at once; one is many of one.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from shared.db.outbox import Told
from shared.db.query import Query, is_in
from shared.db.tables import TASK
from shared.db.tx import Consequence, Follows, Tx
from shared.events.envelope import Event
from shared.history import starts_work
from shared.ids import new_id
from shared.tasks.record import TASKS, Late, Task, TaskKind, TaskState, ToDo
from shared.timers import cancel_timers_of, set_timers

TIMER = "task"
"""The reminder of a task; its subject is the task."""

_OPEN = Query(
    select(*[TASK.c[name] for name in TASKS.names])
    .where(TASK.c.state == TaskState.OPEN.value, TASK.c.kind == bindparam("kind"), is_in(TASK.c.record_id, "records"))
    .order_by(TASK.c.id)
    .with_for_update(),
    Task,
)


def following(kinds: Sequence[TaskKind]) -> Follows:
    """What a service gives as `follows`: tasks of these kinds close when the acts that they wait for are told."""
    found: dict[type[Event], list[Consequence]] = defaultdict(list)
    for kind in kinds:
        done = dict.fromkeys(event for act in kind.done_by for event in act.tells)
        for events, state in ((done, TaskState.DONE), (kind.over_when, TaskState.OVER)):
            for event in events:
                found[event].append(partial(_happened, kind, state))
    return found


async def _happened(kind: TaskKind, state: TaskState, tx: Tx, told: Sequence[Told]) -> None:
    times = {one.subject: one.time for one in told}
    found = await tx.all(_OPEN, kind=kind.name, records=list(times))
    if found:
        records = await _about(tx, kind, found)
        ended = [task for task in found if state is TaskState.DONE or not kind.lasts(records[task.record_id])]
        await _close(tx, kind, records, [(task, times[task.record_id]) for task in ended], state)


async def put(
    tx: Tx,
    kind: TaskKind,
    wanted: Sequence[ToDo],
    *,
    imported: bool = False,
    asked: bool = False,
    records: Mapping[UUID, Any] | None = None,
    before: Mapping[UUID, Task] | None = None,
) -> None:
    """There is this to do now, one for each record. The same with another time is the same task; something else means that it is done.

    A time that lies ahead, and that somebody has named, is asked for, however long ago that was. `records`: what they are about, and
    `before`: their open tasks, where the caller has read them.
    """
    if not wanted:
        return
    if before is None:
        before = await open_of(tx, kind, [one.record_id for one in wanted])
    if records is None:
        records = await _about(tx, kind, wanted)
    done, moved, new = [], [], []
    for one in wanted:
        task = before.get(one.record_id)
        told = [(kind.about.set.of(records[one.record_id], **_said(kind, one)), one.at)]
        if task is not None and task.why == one.why and not one.fresh:
            if task.due_at != one.due_at:
                moved.append((replace(task, due_at=one.due_at, reminded_at=None, overdue_at=None, escalated_at=None), told))
            continue
        if task is not None:
            done.append((task, one.at))
        if starts_work(tx, one.at, imported=imported, asked=asked or (one.due_at > tx.now and not imported)):
            new.append((Task(new_id(), 0, kind.name, one.record_id, TaskState.OPEN, one.due_at, tx.now, one.why), told))
    await _close(tx, kind, records, done, TaskState.DONE)
    await cancel_timers_of(tx, [task.id for task, _ in moved], TIMER)
    await tx.save_many(TASKS, moved)
    await tx.add_many(TASKS, new)
    await set_timers(tx, TIMER, {task.id: task.due_at for task, _ in [*moved, *new]}, again=True)


async def open_of(tx: Tx, kind: TaskKind, records: Sequence[UUID]) -> dict[UUID, Task]:
    """The open tasks of these records, by record; they are locked."""
    return {task.record_id: task for task in await tx.all(_OPEN, kind=kind.name, records=list(records))}


async def close(tx: Tx, kind: TaskKind, ended: Mapping[UUID, datetime], state: TaskState) -> None:
    """Close the open tasks of these records, each at its time."""
    found = list((await open_of(tx, kind, list(ended))).values()) if ended else []
    if found:
        await _close(tx, kind, await _about(tx, kind, found), [(task, ended[task.record_id]) for task in found], state)


async def _close(tx: Tx, kind: TaskKind, records: Mapping[UUID, Any], ended: Sequence[tuple[Task, datetime]], state: TaskState) -> None:
    """Close open tasks, each at its time."""
    event = kind.about.done if state is TaskState.DONE else kind.about.dropped
    await cancel_timers_of(tx, [task.id for task, _ in ended], TIMER)
    await tx.save_many(
        TASKS,
        [(replace(task, state=state, closed_at=at), [(event.of(records[task.record_id], **_said(kind, task)), at)]) for task, at in ended],
    )


async def tick(tx: Tx, kind: TaskKind, found: Task) -> bool:
    """Tell that it is due, overdue, and escalated, each at its own time, if it is still open. Whether it has become due by this.

    The record is locked first, as by every command.
    """
    record = await tx.load(kind.about.of, found.record_id)
    task = await tx.load(TASKS, found.id)
    if task.state is not TaskState.OPEN:
        return False
    told: list[tuple[Event, datetime]] = []
    now: Any = task
    for name, event, at in _steps(kind, task, await kind.late(tx, record, task.due_at)):
        if at > tx.now:
            await set_timers(tx, TIMER, {task.id: at}, again=True)
            break
        now = replace(now, **{name: at})
        more = await kind.more(tx, record) if name == "escalated_at" else {}
        told.append((event.of(record, **_said(kind, task), **more), at))
    if told:
        await tx.save_many(TASKS, [(now, told)])
    return bool(now.reminded_at != task.reminded_at)


def _steps(kind: TaskKind, task: Task, late: Late) -> Iterator[tuple[str, type[Event], datetime]]:
    """What is still to be told of an open task, in order."""
    steps = (
        ("reminded_at", kind.about.due, task.due_at),
        ("overdue_at", kind.about.overdue, late.overdue_at),
        ("escalated_at", kind.about.escalated, late.escalated_at),
    )
    return ((name, event, at) for name, event, at in steps if event is not None and at is not None and getattr(task, name) is None)


async def _about(tx: Tx, kind: TaskKind, tasks: Sequence[Task | ToDo]) -> dict[UUID, Any]:
    """The records that they are about."""
    return {record.id: record for record in await tx.all(kind.about.of.get_many, ids=[task.record_id for task in tasks])}


def _said(kind: TaskKind, task: Task | ToDo) -> dict[str, Any]:
    return {kind.about.record: task.record_id, "kind": kind.name, "due_at": task.due_at}
