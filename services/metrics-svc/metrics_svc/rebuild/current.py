"""Keeping the projection at what this release computes, whatever release or zone it was made with."""

import asyncio

from metrics_svc.cells.tables import PROJECTION
from metrics_svc.fold import TURN
from metrics_svc.rebuild import cells, derived
from shared.auth import SYSTEM
from shared.clock import Clock
from shared.db import Context, Database, Tx
from shared.outage import Outage
from shared.settings import Settings

_VERSIONS = f"SELECT name, version FROM {PROJECTION.name}"
_KEEP = f"INSERT INTO {PROJECTION.name} VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET version = excluded.version"


async def keep_current(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """A job of the worker: when the code of the facts, a measure or the zone has changed since, compute again what depends on it."""
    outage = Outage("recompute", service="metrics-svc")
    while not stop.is_set():
        try:
            async with db.begin(Context("metrics-svc", SYSTEM, clock(), "recompute")) as tx:
                await bring_up_to_date(tx)
        except Exception as error:
            await outage.wait(error, stop)
            continue
        outage.over()
        return


async def bring_up_to_date(tx: Tx) -> None:
    """All or nothing, while folds wait. Of several workers the first does it."""
    await tx.conn.execute(TURN)
    known = {row["name"]: row["version"] for row in await tx.conn.fetch(_VERSIONS)}
    wanted = {"facts": derived.version(), "cells": cells.version(tx.settings)}
    if known == wanted:
        return
    if known.get("facts") != wanted["facts"]:
        await derived.derive_again(tx)
    else:
        await cells.recompute_cells(tx)
    for name, version in wanted.items():
        await tx.conn.execute(_KEEP, name, version)
