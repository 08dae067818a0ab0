"""Background work beside delivery: delete old deliveries, seal secrets with a new key, keep the gauges current."""

import asyncio
from datetime import datetime, timedelta

from shared.clock import Clock, machine
from shared.db.database import Database
from shared.outbound.channel import Channel
from shared.outbound.meters import Meters
from shared.outbound.secrets import seal_again
from shared.process.outage import Outage, every, pause
from shared.seal import Seal

STEP = 1000
"""Deliveries that one statement deletes: few enough to hold no lock for long."""
CLEAN_SECONDS = 600.0
SAMPLE_SECONDS = 5.0


async def clean(channel: Channel, db: Database, seal: Seal, clock: Clock, stop: asyncio.Event, outage: Outage) -> None:
    """Every ten minutes, delete what is over its time. First, seal secrets with the newest key."""
    sealed = False

    async def look() -> None:
        nonlocal sealed
        if not sealed:
            await seal_again(db, channel, seal)
            sealed = True
        while await clean_some(db, channel, machine(clock)()) and not stop.is_set():
            await pause(0.1, stop)

    await every(CLEAN_SECONDS, look, stop, outage)


async def clean_some(db: Database, channel: Channel, now: datetime) -> int:
    """One step: how many deliveries were deleted."""
    async with db.read() as reader:
        by = channel.numbers(reader)
    kept = {"delivered": by.keep_delivered_days, "failed": by.keep_failed_days}
    async with db.connection() as conn:
        await conn.execute(f"DELETE FROM {channel.secret} WHERE ends_at < $1", now)
        of_removed = f"SELECT id FROM {channel.delivery} WHERE {channel.key} IN ({channel.removed}) LIMIT $1"
        gone = await conn.fetchval(_delete(channel, of_removed), STEP)
        old = f"SELECT id FROM {channel.delivery} WHERE state = $1 AND finished_at < $2 ORDER BY finished_at LIMIT $3"
        for state, days in kept.items():
            gone += await conn.fetchval(_delete(channel, old), state, now - timedelta(days=days), STEP)
    return int(gone)


def _delete(of: Channel, old: str) -> str:
    return f"""
    WITH old AS ({old}), gone AS (DELETE FROM {of.delivery} d USING old WHERE d.id = old.id RETURNING d.{of.key}, {of.carried}),
    noted AS ({of.on_clean}) SELECT count(*) FROM gone
    """


async def sample(channel: Channel, meters: Meters, db: Database, clock: Clock, stop: asyncio.Event, outage: Outage) -> None:
    """Keep the gauges current."""
    state = f"""
    SELECT count(*), extract(epoch FROM $1 - min(d.created_at))::float8
    FROM {channel.delivery} d JOIN ({channel.targets}) t ON t.id = d.{channel.key} WHERE d.state = 'pending'
    """

    async def look() -> None:
        async with db.read() as reader:
            pending, age = await reader.row(state, machine(clock)()) or (0, 0.0)
        meters.pending.set(pending)
        meters.oldest.set(max(0.0, age or 0.0))

    await every(SAMPLE_SECONDS, look, stop, outage)
