"""Simulations of a draft: asked for, run by a worker in batches, and what they found."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import bindparam, insert, select, update

from shared.auth import SYSTEM
from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query, is_in, rows_param
from shared.db.tables import POLICY_DIFFERENCE, POLICY_SIMULATION
from shared.db.tx import Reader, Tx
from shared.errors import NotFound
from shared.ids import new_id
from shared.policy import commands, store
from shared.policy.document import Difference, Looked, Policy
from shared.policy.rules import SIMULATE
from shared.process.outage import Outage, is_outage, pause

log = structlog.get_logger()

MOST_LISTED = 10_000
"""Records that a report lists; how many more there are, it says."""
MOST_CHANGES = 30
"""Kinds of change that a report counts one by one; the others are counted together."""
ATTEMPTS = 5
"""A simulation that was begun so often and never ended takes its worker with it, and is given up."""
LOOK_SECONDS = 1.0
_OTHERS = "others"


class SimulationState(StrEnum):
    """How far a report on a draft is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OUTDATED = "outdated"
    """The draft was changed since."""


OPEN = (SimulationState.QUEUED, SimulationState.RUNNING)


@dataclass(frozen=True, slots=True)
class Report:
    """`parts`: for each simulation its name, what it looks at, how many records it has seen and how many would differ."""

    id: UUID
    name: str
    number: int
    days: int
    state: SimulationState
    parts: list[dict[str, Any]]
    kept: int
    left_out: int
    attempts: int
    error: str | None
    actor_id: UUID
    created_at: datetime
    finished_at: datetime | None


_its = select(*[POLICY_SIMULATION.c[name] for name in Report.__dataclass_fields__])
_NEWEST = Query(
    _its.where(POLICY_SIMULATION.c.name == bindparam("name"), POLICY_SIMULATION.c.number == bindparam("number"))
    .order_by(POLICY_SIMULATION.c.created_at.desc(), POLICY_SIMULATION.c.id.desc())
    .limit(1),
    Report,
)
_OPEN = Query(
    _its.where(is_in(POLICY_SIMULATION.c.state, [state.value for state in OPEN]), is_in(POLICY_SIMULATION.c.name, "names")).order_by(
        POLICY_SIMULATION.c.created_at
    ),
    Report,
)
_LOCK = Query(_its.where(POLICY_SIMULATION.c.id == bindparam("id")).with_for_update(), Report)
_ADD = Query(insert(POLICY_SIMULATION).values({name: bindparam(name) for name in Report.__dataclass_fields__}), Report)
_MOVED = ("state", "parts", "kept", "left_out", "attempts", "error", "finished_at")
_MOVE = Query(
    update(POLICY_SIMULATION).where(POLICY_SIMULATION.c.id == bindparam("_id")).values({name: bindparam(name) for name in _MOVED}), Report
)
_COLUMNS = tuple(column.name for column in POLICY_DIFFERENCE.c)
_given = rows_param(POLICY_DIFFERENCE, *_COLUMNS)
_KEEP = Query(insert(POLICY_DIFFERENCE).from_select(_COLUMNS, select(*[_given.c[name] for name in _COLUMNS])), UUID)
_FORGET_EARLIER = """
DELETE FROM policy_difference d USING policy_simulation s WHERE s.id = d.simulation_id AND s.name = $1 AND s.number = $2
"""
_FORGET = "DELETE FROM policy_difference WHERE simulation_id = $1"
_ALONE = "SELECT pg_try_advisory_lock(hashtextextended('simulation:' || $1, 0))"
_RELEASE = "SELECT pg_advisory_unlock(hashtextextended('simulation:' || $1, 0))"


async def ask(tx: Tx, policy: Policy[Any], number: int, days: int) -> Report:
    """Ask for a report on a version. One that is on its way for what the version says now is that one."""
    await store.alone(tx, policy)
    version = await commands.read(tx, policy, number)
    SIMULATE.check(version, tx.actor, facts=await commands.facts_of(tx, policy))
    known = await tx.first(_NEWEST, name=policy.name, number=number)
    if known and known.state in OPEN and known.days == days:
        return known
    report = Report(
        id=new_id(), name=policy.name, number=number, days=days, state=SimulationState.QUEUED,
        parts=_empty(policy), kept=0, left_out=0, attempts=0, error=None, actor_id=tx.actor.id, created_at=tx.now, finished_at=None,
    )  # fmt: skip
    await tx.execute(_FORGET_EARLIER, policy.name, number)  # what an earlier report listed; the report itself stays
    await tx.run(_ADD, **{name: getattr(report, name) for name in Report.__dataclass_fields__})
    return report


def _empty(policy: Policy[Any]) -> list[dict[str, Any]]:
    return [
        {"name": s.name, "says": s.says, "records": 0, "differ": 0, "changes": [], "counts": {}, "ratios": s.figures({})}
        for s in policy.simulations
    ]


async def newest(db: Reader, policy: Policy[Any], number: int) -> Report:
    """The last report that was asked for, or `NotFound`."""
    found = await db.first(_NEWEST, name=policy.name, number=number)
    if found is None:
        raise NotFound("Nobody has asked for a simulation of this version yet.")
    return found


# -- The worker's part ---------------------------------------------------------------------------------------------------------


async def run(policies: Sequence[Policy[Any]], db: Database, clock: Clock, stop: asyncio.Event) -> None:
    """The worker's loop: one report at a time, oldest first; another worker takes another one.

    A report whose worker was killed is begun anew by the next.
    """
    by_name = {policy.name: policy for policy in policies if policy.simulations}
    outage = Outage("simulations", service=db.service or "")
    while by_name and not stop.is_set():
        try:
            async with db.read() as reader:
                found = await reader.all(_OPEN, names=list(by_name))
            worked = False
            for report in found:
                worked = await _take(by_name[report.name], db, clock, report, stop) or worked
        except Exception as error:
            await outage.wait(error, stop)
            continue
        outage.over()
        if not worked:
            await pause(LOOK_SECONDS, stop)


async def _take(policy: Policy[Any], db: Database, clock: Clock, report: Report, stop: asyncio.Event) -> bool:
    """Run a report unless another worker is at it."""
    async with _only_one(db, report.id) as mine:
        if not mine:
            return False
        work = _Work(policy, db, clock, report.id)
        try:
            await work.run(stop)
        except Exception as error:
            if is_outage(error):
                raise
            log.error("simulation_failed", policy=policy.name, number=report.number, exc_info=error)
            await work.end(SimulationState.FAILED, "An error on our side ended it; it is in the log.")
    return True


@asynccontextmanager
async def _only_one(db: Database, id: UUID) -> AsyncIterator[bool]:
    """The lock of this report as long as the connection lives, so that a worker that is killed lets go of it."""
    async with db.connection() as conn:
        mine = bool(await conn.fetchval(_ALONE, str(id)))
        try:
            yield mine
        finally:
            if mine and not conn.is_closed():
                await conn.execute(_RELEASE, str(id))


class _Work:
    """One report on its way."""

    def __init__(self, policy: Policy[Any], db: Database, clock: Clock, id: UUID) -> None:
        self._policy, self._db, self._clock, self._id = policy, db, clock, id
        self._attempt = 0

    async def run(self, stop: asyncio.Event) -> None:
        begun = await self._begin()
        if begun is None:
            return
        days, active, draft = begun
        for place, simulation in enumerate(self._policy.simulations):
            changes: Counter[str] = Counter()
            async for looked in simulation.run(self._db, active, draft, days):
                if stop.is_set() or not await self._note(place, looked, changes):
                    return
        await self.end(SimulationState.DONE)

    async def _begin(self) -> tuple[int, Any, Any] | None:
        """From the beginning, whatever an earlier attempt found. None when there is nothing left to do."""
        async with self._transaction() as tx:
            report = await tx.one(_LOCK, id=self._id)
            if report.state not in OPEN:
                return None
            if report.attempts >= ATTEMPTS:
                why = "It was begun several times and never ended."
                await _save(tx, replace(report, state=SimulationState.FAILED, error=why, finished_at=tx.now))
                return None
            await tx.execute(_FORGET, self._id)
            self._attempt = report.attempts + 1
            report = replace(report, parts=_empty(self._policy), kept=0, left_out=0)
            await _save(tx, replace(report, state=SimulationState.RUNNING, attempts=self._attempt))
            version = await commands.read(tx, self._policy, report.number)
            return report.days, tx.policy(self._policy), self._policy.model.read(version.document, version.number)

    async def _note(self, place: int, looked: Looked, changes: Counter[str]) -> bool:
        """Keep what a batch has found. False when the report is not wanted any more, or begun anew by another worker."""
        async with self._transaction() as tx:
            report = await tx.one(_LOCK, id=self._id)
            if (report.state, report.attempts) != (SimulationState.RUNNING, self._attempt):
                return False
            listed = looked.differ[: max(0, MOST_LISTED - report.kept)]
            part = report.parts[place]
            await _keep(tx, report, part["name"], listed)
            _count(changes, looked.differ)
            seen = {"records": part["records"] + looked.records, "differ": part["differ"] + len(looked.differ)}
            counted = [{"change": change, "records": n} for change, n in changes.most_common()]
            counts = dict(Counter(part["counts"]) + Counter(looked.counts))
            found = seen | {"changes": counted, "counts": counts, "ratios": self._policy.simulations[place].figures(counts)}
            parts = [*report.parts[:place], part | found, *report.parts[place + 1 :]]
            left_out = report.left_out + len(looked.differ) - len(listed)
            await _save(tx, replace(report, parts=parts, kept=report.kept + len(listed), left_out=left_out))
        return True

    async def end(self, state: SimulationState, error: str | None = None) -> None:
        async with self._transaction() as tx:
            report = await tx.one(_LOCK, id=self._id)
            if (report.state, report.attempts) == (SimulationState.RUNNING, self._attempt):
                await _save(tx, replace(report, state=state, error=error, finished_at=tx.now))

    def _transaction(self) -> AbstractAsyncContextManager[Tx]:
        return self._db.begin(Context(self._policy.service, SYSTEM, self._clock(), f"simulation:{self._id}"))


async def _save(tx: Tx, report: Report) -> None:
    await tx.run(_MOVE, _id=report.id, **{name: getattr(report, name) for name in _MOVED})


async def _keep(tx: Tx, report: Report, part: str, differ: Sequence[Difference]) -> None:
    if differ:
        rows: Mapping[str, list[Any]] = {
            "id": [new_id() for _ in differ],
            "simulation_id": [report.id] * len(differ),
            "part": [part] * len(differ),
            "kind": [one.kind for one in differ],
            "record_id": [one.id for one in differ],
            "before": [one.before for one in differ],
            "after": [one.after for one in differ],
        }
        await tx.run(_KEEP, **rows)


def _count(changes: Counter[str], differ: Sequence[Difference]) -> None:
    """Count plain changes such as `sql → captured` one by one, up to a number of kinds."""
    for one in differ:
        plain = all(isinstance(value, str | int | bool | None) for value in (one.before, one.after))
        change = f"{one.before} → {one.after}" if plain else one.kind
        changes[change if change in changes or len(changes) < MOST_CHANGES else _OTHERS] += 1
