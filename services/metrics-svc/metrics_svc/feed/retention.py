"""Deleting what is old: an event leaves the feed CLINCH_FEED_DAYS after it was recorded. Its service and the log keep it."""

import asyncio

from metrics_svc.feed.commands import forget
from metrics_svc.policy import POLICY
from metrics_svc.settings import MetricsSettings
from shared.auth import SYSTEM
from shared.clock import Clock, kept_since
from shared.db.context import Context
from shared.db.database import Database
from shared.process.outage import Outage, every

LOOK_SECONDS = 600
STEP = 2000
"""Events deleted in one transaction: appending waits for it."""


async def forget_old(db: Database, settings: MetricsSettings, clock: Clock, stop: asyncio.Event) -> None:
    """A job of the worker."""

    async def look() -> None:
        deleted = STEP
        while deleted == STEP and not stop.is_set():
            async with db.begin(Context("metrics-svc", SYSTEM, clock(), "feed")) as tx:
                deleted = await forget(tx, kept_since(clock, tx.policy(POLICY).feed_days), STEP)

    await every(LOOK_SECONDS, look, stop, Outage("feed retention", service="metrics-svc"))
