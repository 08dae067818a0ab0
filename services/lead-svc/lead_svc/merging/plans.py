"""What was to be done about a lead that another one takes over: the survivor has it to do, and gives it back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from lead_svc.cadence.commands import plan_again
from lead_svc.cadence.rules import followed
from lead_svc.cadence.stops import keep_history
from lead_svc.cadence.tasks import FIRST_RESPONSE, FOLLOW_UP
from lead_svc.leads.record import Lead, State
from lead_svc.leads.tasks import LEAD_TASKS, WAKE_UP
from shared.db.query import Query, is_in
from shared.db.tables import DEADLINE, TASK
from shared.db.tx import Tx
from shared.deadlines import commands as deadlines
from shared.deadlines.record import DEADLINES, Begin, DeadlineState, Running
from shared.tasks import commands as tasks
from shared.tasks.record import TASKS, Task, TaskKind, TaskState, ToDo

Plans = dict[str, dict[str, Any]]
"""By the kind of task, or the name of the deadline: `due_at`, `started_at` of a deadline, and whether it is `moved` to the survivor."""

_TASKS = Query(
    select(*[TASK.c[name] for name in TASKS.names])
    .where(TASK.c.state == TaskState.OPEN.value, is_in(TASK.c.record_id, "records"))
    .order_by(TASK.c.id)
    .with_for_update(),
    Task,
)
_RUNNING = Query(
    select(*[DEADLINE.c[name] for name in DEADLINES.names])
    .where(
        DEADLINE.c.name == bindparam("name"),
        DEADLINE.c.state == DeadlineState.RUNNING.value,
        DEADLINE.c.missed_at.is_(None),
        is_in(DEADLINE.c.record_id, "records"),
    )
    .with_for_update(),
    Running,
)


async def take_over(tx: Tx, absorbed: Lead, survivor: Lead) -> Plans:
    """What is to be done about the absorbed lead; the survivor has it to do if nothing of the kind is planned for it.

    What the absorbed one has planned ends with the event of the merge.
    """
    found: Plans = {}
    planned = {(task.record_id, task.kind): task for task in await tx.all(_TASKS, records=[absorbed.id, survivor.id])}
    for (record_id, kind), task in planned.items():
        if record_id == absorbed.id:
            moves = kind != WAKE_UP.name and (survivor.id, kind) not in planned and followed(survivor)
            found[kind] = {"due_at": task.due_at.isoformat(), "why": task.why, "moved": moves}
            if moves:
                await _plan(tx, kind, survivor, task.due_at, task.why)
    running = await _running(tx, absorbed.id, survivor.id)
    if one := running.get(absorbed.id):
        moves = survivor.id not in running and followed(survivor)
        times = {"due_at": one.due_at, "started_at": one.started_at, "warn_at": one.warn_at}
        said = {name: at and at.isoformat() for name, at in times.items()} | {"moved": moves}
        found[FIRST_RESPONSE.name] = said
        if moves:
            await deadlines.start_many(tx, FIRST_RESPONSE, [Begin(survivor.id, one.started_at, one.due_at, one.warn_at)])
    return found


async def give_back(tx: Tx, plans: Mapping[str, Mapping[str, Any]], absorbed: Lead, survivor: Lead) -> None:
    """The restored lead has to do what it had. The survivor has not, where it came from there and nobody has planned otherwise."""
    works = followed(absorbed)
    for kind, plan in plans.items():
        if kind != FIRST_RESPONSE.name:
            due_at = datetime.fromisoformat(plan["due_at"])
            if plan["moved"] and followed(survivor):
                await _part(tx, kind, survivor, due_at)
            if works or (kind == WAKE_UP.name and absorbed.state is State.NURTURING):
                works = await _plan(tx, kind, absorbed, due_at, plan["why"]) and works
    if first := plans.get(FIRST_RESPONSE.name):
        due_at, started_at = (datetime.fromisoformat(first[name]) for name in ("due_at", "started_at"))
        warn_at = first["warn_at"] and datetime.fromisoformat(first["warn_at"])
        one = (await _running(tx, survivor.id)).get(survivor.id)
        if first["moved"] and one and one.due_at == due_at:
            await deadlines.stop_many(tx, FIRST_RESPONSE, {survivor.id: tx.now})
        if due_at > tx.now and works:  # no clock starts late
            await deadlines.start_many(tx, FIRST_RESPONSE, [Begin(absorbed.id, started_at, due_at, warn_at)])


def _kind(name: str) -> TaskKind:
    """Tasks of all features, which are above this one, are set and closed alike."""
    return TaskKind(name=name, about=LEAD_TASKS)


async def _plan(tx: Tx, kind: str, lead: Lead, due_at: datetime, why: str | None) -> bool:
    """Whether it is planned: nobody is followed up who does not want to be contacted."""
    if kind == FOLLOW_UP.name:
        return await plan_again(tx, lead, due_at)
    await tasks.put(tx, _kind(kind), [ToDo(lead.id, due_at, why, tx.now)], asked=True)
    return True


async def _part(tx: Tx, kind: str, survivor: Lead, due_at: datetime) -> None:
    """The survivor had no such plan of its own, and has none again, if nobody has planned otherwise since."""
    planned = (await tasks.open_of(tx, _kind(kind), [survivor.id])).get(survivor.id)
    if planned and planned.due_at == due_at:
        await tasks.close(tx, _kind(kind), {survivor.id: tx.now}, TaskState.OVER)
        await keep_history(tx, [survivor.id])


async def _running(tx: Tx, *records: UUID) -> dict[UUID, Running]:
    return {one.record_id: one for one in await tx.all(_RUNNING, name=FIRST_RESPONSE.name, records=list(records))}
