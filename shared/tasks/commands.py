"""Set tasks, and close them when the act that they wait for happens. Callers hold the lock of the record."""

from collections import defaultdict
from collections.abc import Sequence
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
from shared.tasks.record import TASKS, Task, TaskKind, TaskState
from shared.timers import cancel_timers, set_timer

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
    for task in await tx.all(_OPEN, kind=kind.name, records=list(times)):
        await close(tx, kind, task, state, at=times[task.record_id])


async def put(
    tx: Tx, kind: TaskKind, record_id: UUID, *, due_at: datetime, why: str | None, at: datetime, imported: bool = False, asked: bool = False
) -> Task | None:
    """There is this to do now. The same with another time is the same task; something else means that the former is done.

    A time that lies ahead, and that somebody has named, is asked for, however long ago that was.
    """
    before = await tx.first(_OPEN, kind=kind.name, records=[record_id])
    told = kind.about.set.of(await tx.get(kind.about.of, record_id), **_said(kind, record_id, due_at))
    if before is not None and before.why == why:
        if before.due_at == due_at:
            return before
        await cancel_timers(tx, before.id, TIMER)
        saved = await tx.save(TASKS, before, told, at=at, due_at=due_at, reminded_at=None)
        await set_timer(tx, TIMER, saved.id, due_at)
        return saved
    if before is not None:
        await close(tx, kind, before, TaskState.DONE, at=at)
    if not starts_work(tx, at, imported=imported, asked=asked or (due_at > tx.now and not imported)):
        return None
    task = Task(new_id(), 0, kind.name, record_id, TaskState.OPEN, due_at, tx.now, why)
    saved = await tx.add(TASKS, task, told, at=at)
    await set_timer(tx, TIMER, saved.id, due_at)
    return saved


async def close(tx: Tx, kind: TaskKind, task: Task, state: TaskState, *, at: datetime) -> Task:
    """Close an open task."""
    said = _said(kind, task.record_id, task.due_at)
    event = kind.about.done if state is TaskState.DONE else kind.about.dropped
    told = event.of(await tx.get(kind.about.of, task.record_id), **said)
    await cancel_timers(tx, task.id, TIMER)
    return await tx.save(TASKS, task, told, at=at, state=state, closed_at=at)


async def remind(tx: Tx, kind: TaskKind, found: Task, due_at: datetime) -> bool:
    """Tell that it is due, at its own time, if it is still open. The record is locked first, as by every command."""
    record = await tx.load(kind.about.of, found.record_id)
    task = await tx.load(TASKS, found.id)
    if task.state is not TaskState.OPEN or task.due_at != due_at or task.reminded_at is not None:
        return False
    told = kind.about.due.of(record, **_said(kind, task.record_id, due_at))
    await tx.save(TASKS, task, told, at=due_at, reminded_at=due_at)
    return True


def _said(kind: TaskKind, record_id: UUID, due_at: datetime) -> dict[str, Any]:
    return {kind.about.record: record_id, "kind": kind.name, "due_at": due_at}
