"""Keeping the projection at what this release computes, if another release or zone has made it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from metrics_svc.cells.months import keep_months
from metrics_svc.exports import views
from metrics_svc.fold import LANES, Lane
from metrics_svc.rebuild.cells import recompute_cells
from metrics_svc.rebuild.facts import derive_again
from metrics_svc.rebuild.log import LogIncomplete, renew
from metrics_svc.rebuild.shadow import facts
from metrics_svc.rebuild.versions import forget_older, keep, outdated
from shared.auth import SYSTEM
from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.log.bus import open_bus
from shared.process.outage import Outage
from shared.process.settings import Settings

log = structlog.get_logger()

_BEGUN = """
SELECT EXISTS (SELECT 1 FROM consumer_seen WHERE consumer = $1) OR EXISTS (SELECT 1 FROM consumer_offset WHERE consumer = $1 AND next > 0)
"""


async def keep_current(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """A job of the worker: when the code of a lane's facts, a measure or the zone has changed since, compute again what depends on it.

    Told to stop in the middle, it leaves everything as it was, and the next worker begins again.
    """
    outage = Outage("recompute", service="metrics-svc")
    while not stop.is_set():
        try:
            await _until(stop, bring_up_to_date(db, settings, clock))
        except Exception as error:
            await outage.wait(error, stop)
            continue
        outage.over()
        return


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Work to the end, or until told to stop; what it has begun by then is taken back."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.wait([working, stopping])
    if not working.cancelled():
        working.result()


async def bring_up_to_date(db: Database, settings: Settings, clock: Clock) -> None:
    """Lane by lane, and the first of several workers does it. Facts come from the log, in shadow tables; cells come from the facts."""
    context = Context("metrics-svc", SYSTEM, clock(), "recompute")
    async with db.begin(context) as tx:
        await forget_older(tx)
        await views.renew(tx)
    for lane in [lane for lane in LANES.values() if await _facts_are_old(db, context, lane)]:
        await _renew(db, settings, context, lane)
    async with db.begin(context) as tx:
        await keep_months(tx)


async def _facts_are_old(db: Database, context: Context, lane: Lane) -> bool:
    """Whether the lane has to be projected again. Where only its cells are of another release, they are computed here."""
    async with db.begin(context) as tx:
        await tx.execute(lane.turn)
        old = (await outdated(tx, tx.settings)).get(lane.name, set())
        if "facts" in old and not await tx.value(_BEGUN, lane.consumer):
            await _empty(tx, lane)
            await keep(tx, lane.name, "facts")
            old.remove("facts")
        if "cells" in old and "facts" not in old:
            await recompute_cells(tx, lane.name)
    return "facts" in old


async def _empty(tx: Tx, lane: Lane) -> None:
    """A lane that has read nothing yet begins with nothing, also where its facts were once another lane's: it reads the whole log."""
    for table in facts(lane.name):
        await tx.execute(f"DELETE FROM {table.name}")


async def _renew(db: Database, settings: Settings, context: Context, lane: Lane) -> None:
    bus = open_bus(settings.bus_url, client="metrics-svc-recompute")
    await bus.start()
    try:
        await renew(db, bus, settings, lane)
    except LogIncomplete as error:
        hint = "figures are derived from what the facts keep"
        log.warning("log_incomplete", service="metrics-svc", lane=lane.name, error=str(error), hint=hint)
        async with db.begin(context) as tx:
            await tx.execute(lane.turn)
            if "facts" in (await outdated(tx, settings)).get(lane.name, ()):
                await derive_again(tx, lane)
    finally:
        await bus.stop()
