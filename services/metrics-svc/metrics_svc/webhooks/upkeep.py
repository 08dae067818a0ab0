"""Background work beside delivery: delete old deliveries, seal secrets with a new key, keep the gauges current."""

import asyncio
from datetime import datetime, timedelta

import structlog
from prometheus_client import Gauge

from metrics_svc.policy import POLICY
from metrics_svc.settings import MetricsSettings
from shared.clock import Clock, machine
from shared.db.tx import Database
from shared.process.outage import Outage, every, pause
from shared.seal import Seal, Unreadable

log = structlog.get_logger()

PENDING = Gauge("clinch_webhook_pending", "Deliveries that wait for their first or next attempt, to endpoints that are active.")
OLDEST = Gauge("clinch_webhook_oldest_pending_age_seconds", "Age of the oldest of these; 0 when there is none.")

STEP = 1000
"""Deliveries that one statement deletes: few enough to hold no lock for long."""
CLEAN_SECONDS = 600.0
SAMPLE_SECONDS = 5.0

# Up to the highest position that is gone, `clinch verify` cannot expect a delivery for each event.
_CLEAN = """
WITH old AS (
  SELECT d.id FROM webhook_delivery d WHERE d.state = $1 AND d.finished_at < $2 ORDER BY d.finished_at LIMIT $3
), gone AS (
  DELETE FROM webhook_delivery USING old WHERE webhook_delivery.id = old.id RETURNING webhook_delivery.webhook_id, position
), upto AS (
  SELECT webhook_id, max(position) AS position FROM gone GROUP BY webhook_id
), noted AS (
  UPDATE webhook_cursor c SET forgotten_to = greatest(c.forgotten_to, upto.position) FROM upto WHERE c.webhook_id = upto.webhook_id
)
SELECT count(*) FROM gone
"""
_CLEAN_REMOVED = """
WITH old AS (
  SELECT d.id FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id WHERE w.state = 'removed' LIMIT $1
), gone AS (DELETE FROM webhook_delivery USING old WHERE webhook_delivery.id = old.id RETURNING 1)
SELECT count(*) FROM gone
"""
_END_SECRETS = "DELETE FROM webhook_secret WHERE ends_at < $1"
_SECRETS = "SELECT id, sealed FROM webhook_secret"
_SEAL_ANEW = "UPDATE webhook_secret SET sealed = $3 WHERE id = $1 AND sealed = $2"
_STATE = """
SELECT count(*), extract(epoch FROM $1 - min(d.created_at))::float8
FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id WHERE d.state = 'pending' AND w.state = 'active'
"""


async def clean(db: Database, settings: MetricsSettings, clock: Clock, stop: asyncio.Event) -> None:
    """A job of the worker: every ten minutes, delete what is over its time. First, seal secrets with the newest key."""
    sealed = False

    async def look() -> None:
        nonlocal sealed
        if not sealed:
            await seal_anew(db, Seal.of(settings))
            sealed = True
        while await clean_some(db, machine(clock)()) and not stop.is_set():
            await pause(0.1, stop)

    await every(CLEAN_SECONDS, look, stop, Outage("webhook cleaner", service="metrics-svc"))


async def clean_some(db: Database, now: datetime) -> int:
    """One step: how many deliveries were deleted."""
    async with db.read() as reader:
        by = reader.policy(POLICY).webhooks
    kept = {"delivered": by.keep_delivered_days, "failed": by.keep_failed_days}
    async with db.connection() as conn:
        await conn.execute(_END_SECRETS, now)
        gone = await conn.fetchval(_CLEAN_REMOVED, STEP)
        for state, days in kept.items():
            gone += await conn.fetchval(_CLEAN, state, now - timedelta(days=days), STEP)
    return int(gone)


async def seal_anew(db: Database, seal: Seal) -> int:
    """Seal with the first key what another one has sealed, so that the old key can be taken out of CLINCH_SECRET_KEY."""
    changed = 0
    async with db.connection() as conn:
        for id, sealed in await conn.fetch(_SECRETS):
            if seal.is_current(sealed.encode()):
                continue
            try:
                plain = seal.open(sealed.encode())
            except Unreadable as error:
                log.error("webhook_secret_unreadable", secret=str(id), error=str(error))
                continue
            await conn.execute(_SEAL_ANEW, id, sealed, seal.close(plain).decode())
            changed += 1
    return changed


async def sample(db: Database, settings: MetricsSettings, clock: Clock, stop: asyncio.Event) -> None:
    """A job of the worker: keep the gauges current."""

    async def look() -> None:
        async with db.read() as reader:
            pending, age = await reader.row(_STATE, machine(clock)()) or (0, 0.0)
        PENDING.set(pending)
        OLDEST.set(max(0.0, age or 0.0))

    await every(SAMPLE_SECONDS, look, stop, Outage("webhook sampler", service="metrics-svc"))
