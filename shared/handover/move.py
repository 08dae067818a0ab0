"""A service moves its records of a hand-over in batches.

A batch is one transaction: the records, their events, how far the hand-over is, and the event that tells that. So a process that is
killed has moved a batch as a whole or not at all, and the next one goes on behind it. A service takes hand-overs one after the other, in
the order in which they were told, so that what came to somebody by the first can leave them by the second.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, bindparam, func, select, true, update

from shared.auth.actor import Actor, Role
from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Aggregate, Query, is_in
from shared.db.tables import HAND_OVER
from shared.db.tx import Tx
from shared.events.envelope import Event
from shared.events.team import HandOverFilter, HandOverMoved
from shared.handover.parts import Part
from shared.handover.store import COLUMNS, HandOver
from shared.parties.people import standing
from shared.process.outage import Outage, steps

BATCH = 200
"""Records of one transaction: it locks them all until it commits."""
LOOK_SECONDS = 1.0
END = "end"

_OPEN = Query(
    select(*COLUMNS)
    .where(HAND_OVER.c.service == bindparam("service"), HAND_OVER.c.done_at.is_(None))
    .order_by(HAND_OVER.c.told_at, HAND_OVER.c.id)
    .limit(1),
    HandOver,
)
_CLAIM = Query(
    select(*COLUMNS).where(HAND_OVER.c.id == bindparam("_id"), HAND_OVER.c.done_at.is_(None)).with_for_update(skip_locked=True), HandOver
)
_MOVED = ("cursor", "moved", "remaining", "started_at", "done_at", "version")
_SAVE = Query(update(HAND_OVER).where(HAND_OVER.c.id == bindparam("_id")).values({n: bindparam(n) for n in _MOVED}), HandOver)


async def _nothing(_tx: Tx, _records: Sequence[Any], _to: UUID) -> Mapping[UUID, Sequence[str]]:
    return {}


def _naming(told: Any, also: Sequence[str]) -> Event:
    """The event, with what else changed among the names of what did."""
    event: Event = told.model_copy(update={"changed": sorted([*told.changed, *also])}) if also else told
    return event


@dataclass(frozen=True, kw_only=True)
class Mover:
    """How a service moves its records of one part.

    `tells` makes the event of a record before and after its change. `open`: those that are not ended. `among`: those that belong to
    the part. `also` changes what else goes with the owner of a batch, and names what changed by that, by record.
    """

    part: Part
    of: Aggregate[Any]
    tells: Callable[[Any, Any, HandOver], Event]
    open: ColumnElement[bool] = field(default_factory=true)
    among: ColumnElement[bool] = field(default_factory=true)
    also: Callable[[Tx, Sequence[Any], UUID], Awaitable[Mapping[UUID, Sequence[str]]]] = _nothing

    def wanted(self, asked: HandOverFilter) -> list[ColumnElement[bool]]:
        """The records that a filter asks for."""
        c = self.of.table.c
        found = [c.owner_id == bindparam("owner_id", type_=Uuid), c.id > bindparam("after", type_=Uuid), self.among]
        if asked.state == "open":
            found.append(self.open)
        found += [
            c[n] == bindparam(n, type_=c[n].type) for n in ("team_id", "region", "product", "source") if getattr(asked, n) is not None
        ]
        if asked.account_ids is not None:
            found.append(is_in(c["account_id" if "account_id" in c else "id"], "account_ids"))
        return found

    async def move(self, tx: Tx, job: HandOver, team_id: UUID | None, room: int) -> HandOver:
        """Move at most `room` records behind the cursor; how far the job is then."""
        name, table = self.part.name, self.of.table
        asked = HandOverFilter.model_validate(job.filter)
        wanted = self.wanted(asked)
        given = {n: v for n, v in asked if v is not None and n != "state"} | {"owner_id": job.from_id}
        after = UUID(job.cursor.get(name, str(UUID(int=0))))
        batch = select(*[table.c[n] for n in self.of.names]).where(*wanted).order_by(table.c.id).limit(bindparam("room", type_=Integer))
        rows = await tx.all(Query(batch.with_for_update(), self.of.into), after=after, room=room, **given)
        ended = len(rows) < room
        await self._give(tx, rows, job, team_id)
        left = 0 if ended else await tx.one(Query(select(func.count()).select_from(table).where(*wanted), int), after=rows[-1].id, **given)
        return replace(
            job,
            cursor={**job.cursor, name: END if ended else str(rows[-1].id)},
            moved={**job.moved, name: job.moved.get(name, 0) + len(rows)},
            remaining={**job.remaining, name: left},
        )

    async def _give(self, tx: Tx, rows: Sequence[Any], job: HandOver, team_id: UUID | None) -> None:
        table = self.of.table
        fixed: dict[str, Any] = {"owner_id": job.to_id, "updated_at": tx.now} | ({"team_id": team_id} if "team_id" in table.c else {})
        also = await self.also(tx, rows, job.to_id)
        for row in rows:
            tx.tell(row.id, row.version + 1, _naming(self.tells(row, replace(row, **fixed), job), also.get(row.id, ())))
        # Not `save_many`: only these columns change, and they change alike.
        same = update(table).where(is_in(table.c.id, "ids")).values({n: bindparam(n, type_=table.c[n].type) for n in fixed})
        await tx.run(Query(same.values(version=table.c.version + 1), self.of.into), ids=[row.id for row in rows], **fixed)


def why(before: Any, job: HandOver) -> dict[str, Any]:
    """What events of a changed owner say of the hand-over that changed it."""
    return {"previous_owner_id": before.owner_id, "hand_over_id": job.hand_over_id, "reason": job.reason}


async def step(db: Database, movers: Sequence[Mover], clock: Clock, service: str) -> bool:
    """Move a batch of the oldest hand-over that is open; whether there was one that could be moved."""
    async with db.read() as reader:
        job = await reader.first(_OPEN, service=service)
    if job is None:
        return False
    actor = Actor.of(job.actor_id, {Role(job.actor_role)})
    async with db.begin(Context(service, actor, clock(), job.correlation_id, causation_id=job.event_id)) as tx:
        job = await tx.first(_CLAIM, _id=job.id)
        if job is None:  # another worker is at it
            return False
        to = await standing(tx, job.to_id)
        if to is None:  # this service has not heard of them yet
            return False
        before = sum(job.moved.values())
        job = replace(job, started_at=job.started_at or tx.now, version=job.version + 1)
        for mover in movers:
            room = BATCH - (sum(job.moved.values()) - before)
            if mover.part.kind in job.kinds and job.cursor.get(mover.part.name) != END and room > 0:
                job = await mover.move(tx, job, to.team_id, room)
        asked = [mover.part.name for mover in movers if mover.part.kind in job.kinds]
        if done := all(job.cursor.get(name) == END for name in asked):
            job = replace(job, done_at=tx.now)
        await tx.run(_SAVE, _id=job.id, **{n: getattr(job, n) for n in _MOVED})
        told = {n: getattr(job, n) for n in ("service", "hand_over_id", "number", "from_id", "to_id", "moved", "started_at")}
        tx.tell(job.id, job.version, HandOverMoved.model_validate({**told, "left": job.remaining, "done": done}))
    return True


def job_of(service: str, movers: Sequence[Mover]) -> Callable[..., Any]:
    """The job of a worker that moves what was handed over, until it is told to stop."""

    async def run(db: Database, _settings: Any, clock: Clock, stop: asyncio.Event) -> None:
        await steps(lambda: step(db, movers, clock, service), LOOK_SECONDS, stop, Outage("hand-overs", service=service))

    return run
