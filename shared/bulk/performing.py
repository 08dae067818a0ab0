"""The worker's part: the records of a job, batch by batch, each by the command of the act's own route."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog

from shared.bulk import store
from shared.bulk.declared import BulkAct, BulkActs
from shared.bulk.record import BulkJob, BulkOutcome, BulkState, Outcome, Target, ended, no_longer
from shared.clock import Clock, kept_since, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.errors import Problem, Unavailable
from shared.http.body import Body
from shared.parties.people import standing
from shared.process.outage import Outage, every, is_outage, steps
from shared.process.settings import Settings

log = structlog.get_logger()

BATCH = 50
"""Records of one transaction: it locks them all until it commits."""
LOOK_SECONDS = 0.5
FORGET_SECONDS = 3600.0
FORGOTTEN = 100
"""Jobs that are forgotten at once."""
NOT_DONE = "not_done"
_OURS = "This could not be done because of an error on our side; it is in the log."
_FIRST = UUID(int=0)

Job = Callable[[Database, Settings, Clock, asyncio.Event], Coroutine[Any, Any, None]]


async def perform(tx: Tx, of: BulkActs[Any], one: BulkAct[Any], given: Body, targets: Sequence[Target]) -> list[Outcome]:
    """Do the act with each of these records. What is refused is undone alone.

    All are locked first, in the order of their ids: two jobs, or a job and what takes a turn after locking, never wait for each other.
    """
    await tx.load_many(of.seen.of, [target.id for target in targets])
    said = given.model_dump()
    return [await _do(tx, one, said, target) for target in targets]


async def _do(tx: Tx, one: BulkAct[Any], said: dict[str, Any], target: Target) -> Outcome:
    try:
        async with tx.savepoint():
            await one.command(tx, target.id, expect=target.version, **said)
    except Unavailable:
        raise
    except Problem as no:
        return Outcome(target.id, BulkOutcome.REFUSED, code=no.code, message=no.detail, unmet=no.extra.get("unmet", ()))
    except Exception as error:
        if is_outage(error):
            raise
        log.exception("bulk_record_not_done", act=one.act.name, record=str(target.id), error=type(error).__name__)
        return Outcome(target.id, BulkOutcome.REFUSED, code=NOT_DONE, message=_OURS)
    return Outcome(target.id, BulkOutcome.DONE)


async def step(db: Database, of: BulkActs[Any], clock: Clock) -> bool:
    """Move the job on that has waited longest, by a batch; whether there was one."""
    async with db.read() as reader:
        found = await reader.first(store.NEXT, record=of.record)
    if found is None:
        return False
    try:
        await _move(db, of, found, clock, _moved)
    except Exception as error:
        if is_outage(error):
            with suppress(Exception):  # where it is a statement of this job that takes too long each time, others can go on
                await _move(db, of, found, clock, _later)
            raise
        log.exception("bulk_job_stopped", record=of.record, job=str(found.id), error=type(error).__name__)
        await _move(db, of, found, clock, _stopped)  # it must not hold up those behind it
    return True


async def _move(
    db: Database, of: BulkActs[Any], job: BulkJob, clock: Clock, by: Callable[[Tx, BulkActs[Any], BulkJob], Awaitable[BulkJob]]
) -> None:
    """Keep how far a job is after this, unless another worker is at it, or somebody has cancelled it."""
    context = Context(of.policy.service, job.actor, clock(), job.correlation_id, moved=moved_by(clock))
    async with db.begin(context) as tx:
        claimed = await tx.first(store.CLAIM, id=job.id)
        if claimed is not None:
            await store.save(tx, await by(tx, of, claimed))


async def _later(tx: Tx, _of: BulkActs[Any], job: BulkJob) -> BulkJob:
    return replace(job, moved_at=tx.now)


async def _stopped(tx: Tx, _of: BulkActs[Any], job: BulkJob) -> BulkJob:
    return ended(
        job, BulkState.STOPPED, tx.now, "It stopped because of an error on our side, which is in the log. Ask again for what waits."
    )


async def _moved(tx: Tx, of: BulkActs[Any], job: BulkJob) -> BulkJob:
    """The job after its next batch, or as it is when nothing more may be done for whoever asked."""
    known = await standing(tx, job.asked_by)
    if known and (why := no_longer(job, known.role, active=known.active)):
        return ended(job, BulkState.STOPPED, tx.now, why)
    one = of.of(job.act)
    targets = await tx.all(store.WAITING, job_id=job.id, after=job.after or _FIRST, room=BATCH)
    outcomes = await perform(tx, of, one, one.body.model_validate(job.given), targets)
    await store.note(tx, job, outcomes)
    last = len(targets) < BATCH
    done = sum(outcome.outcome is BulkOutcome.DONE for outcome in outcomes)
    return replace(
        job,
        state=BulkState.DONE if last else BulkState.RUNNING,
        done=job.done + done,
        refused=job.refused + len(outcomes) - done,
        after=targets[-1].id if targets else job.after,
        moved_at=tx.now,
        started_at=job.started_at or tx.now,
        finished_at=tx.now if last else None,
    )


def performing(of: BulkActs[Any]) -> Job:
    """The job of a worker that does what was asked for, until it is told to stop."""

    async def run(db: Database, _settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        await steps(lambda: step(db, of, clock), LOOK_SECONDS, stop, Outage(f"acts with many {of.record}s"))

    return run


def forgetting(of: BulkActs[Any]) -> Job:
    """The job of a worker that forgets jobs which ended so long ago as the policy says."""

    async def run(db: Database, _settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        async def turn() -> None:
            async with db.read() as reader:
                days: int = reader.policy(of.policy).bulk.kept_days
            async with db.connection() as conn:
                while not stop.is_set() and await store.forget_old(conn, kept_since(clock, days=days), FORGOTTEN) == FORGOTTEN:
                    pass

        await every(FORGET_SECONDS, turn, stop, Outage(f"old acts with many {of.record}s"))

    return run
