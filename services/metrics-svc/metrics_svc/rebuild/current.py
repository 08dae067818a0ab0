"""Keeping the projection at what this release computes, if another release or zone has made it."""

import asyncio

import structlog

from metrics_svc.fold import EVERY_TURN, LANES
from metrics_svc.rebuild.cells import recompute_cells
from metrics_svc.rebuild.facts import derive_again
from metrics_svc.rebuild.log import LogIncomplete, Stopped, renew
from metrics_svc.rebuild.versions import keep, outdated
from shared.auth import SYSTEM
from shared.clock import Clock
from shared.db.context import Context
from shared.db.tx import Database
from shared.log.bus import open_bus
from shared.process.outage import Outage
from shared.process.settings import Settings

log = structlog.get_logger()

_BEGUN = "SELECT EXISTS (SELECT 1 FROM consumer_offset WHERE consumer = ANY($1::text[]))"


async def keep_current(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """A job of the worker: when the code of the facts, a measure or the zone has changed since, compute again what depends on it."""
    outage = Outage("recompute", service="metrics-svc")
    while not stop.is_set():
        try:
            await bring_up_to_date(db, settings, clock, stop)
        except Stopped:
            return
        except Exception as error:
            await outage.wait(error, stop)
            continue
        outage.over()
        return


async def bring_up_to_date(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """The first of several workers does it. Facts come from the log, in shadow tables; cells come from the facts."""
    context = Context("metrics-svc", SYSTEM, clock(), "recompute")
    async with db.begin(context) as tx:
        await tx.execute(EVERY_TURN)
        old = await outdated(tx, settings)
        if "facts" in old and not await tx.value(_BEGUN, [lane.consumer for lane in LANES.values()]):
            await keep(tx, "facts")  # nothing was projected yet
            old.remove("facts")
        if "facts" not in old and "cells" in old:
            await recompute_cells(tx)
    if "facts" not in old:
        return
    bus = open_bus(settings.bus_url, client="metrics-svc-recompute")
    await bus.start()
    try:
        await renew(db, bus, settings, stop)
    except LogIncomplete as error:
        log.warning("log_incomplete", service="metrics-svc", error=str(error), hint="figures are derived from what the facts keep")
        async with db.begin(context) as tx:
            await tx.execute(EVERY_TURN)
            if "facts" in await outdated(tx, settings):
                await derive_again(tx)
    finally:
        await bus.stop()
