"""`clinch bus republish`: the log made again from the services' databases, when it was lost, or is ahead of databases that were restored.

A service's table `event` has everything that it ever published, and a consumer knows what it has seen by the version of each record. So
every event can come again, under new offsets, and none takes effect twice.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import typer

from clinch.errors import CommandError
from clinch.ops.bus.file import remember, remembered
from clinch.options import Data, pasted
from clinch.run.folder import DataFolder, default_folder
from clinch.run.settings import SERVICES, Embedded, other_systems
from clinch.run.stopped import databases_alone, refuse_running

_FORGET = "DELETE FROM consumer_offset; DELETE FROM outbox"
_HAS_LETTERS = "SELECT to_regclass('outbox_letter') IS NOT NULL"  # not before the first start of the version that brought them
# What could not be published is tried again with all others; what somebody has dropped stays dropped.
_FORGET_LETTERS = "DELETE FROM outbox_letter WHERE settled_at IS NULL OR outcome = 'redriven'"
_FORGET_DROPPED = "DELETE FROM outbox WHERE event_id IN (SELECT event_id FROM outbox_letter)"
# In the order in which they were told, and in any case per record by version: the clocks of two writers may differ.
_TELL_ALL = """
INSERT INTO outbox (event_id)
SELECT id FROM (SELECT id, version, max(recorded_at) OVER (PARTITION BY subject ORDER BY version) AS told FROM event) AS every
ORDER BY told, version
"""


def republish(data: Data = None) -> None:
    """Publish the whole history again, from the databases, into a log without events: lost, or deleted after a restore.

    Clinch must be stopped. Of another system than the embedded one: stop its APIs and workers, and set CLINCH_LEAD_DATABASE_URL, its
    three siblings, and CLINCH_BUS_URL.
    """
    if others := other_systems():
        events = asyncio.run(_tell_again(others["lead"].bus_url, {name: its.database_url for name, its in others.items()}))
        typer.echo(f"{events:,} events will be published again. Next: start the workers, then `clinch verify --rebuild`, then the APIs.")
        return
    run = Embedded(DataFolder(data or default_folder()), 0)
    refuse_running(run)
    bus = remembered(run.folder)
    with databases_alone(run):
        own = run.postgres().url
        events = asyncio.run(_tell_again(bus.url or own("bus"), {name: own(name) for name in SERVICES}))
        remember(run.folder, replace(bus, cluster=None))  # it may be another Kafka now: the next start learns which
    up, verify = (pasted(command, data=run.folder.path) for command in ("up", "verify --rebuild"))
    typer.echo(f"{events:,} events will be published again. Next: {up}, then {verify}")


async def _tell_again(bus_url: str, databases: Mapping[str, str]) -> int:
    """Repeated after an interruption it begins afresh. Returns how many events there are."""
    import asyncpg

    await _refuse_events(bus_url)
    events = 0
    for name, url in databases.items():
        try:
            conn = await asyncpg.connect(url)
        except (OSError, asyncpg.PostgresError) as error:
            raise CommandError(f"The {name} database does not answer ({error}).") from None
        try:
            async with conn.transaction():
                await conn.execute(_FORGET)
                events += _rows(await conn.execute(_TELL_ALL))
                if await conn.fetchval(_HAS_LETTERS):
                    await conn.execute(_FORGET_LETTERS)
                    events -= _rows(await conn.execute(_FORGET_DROPPED))
        finally:
            await conn.close()
    return events


def _rows(status: str) -> int:
    """How many rows a statement changed."""
    return int(status.split()[-1])


async def _refuse_events(bus_url: str) -> None:
    from clinch.ops.bus.copy import all_topics, ends
    from shared.log.bus import BusError, open_bus

    bus = open_bus(bus_url, client="clinch bus republish")
    await bus.start()
    try:
        found = sum((await ends(bus, all_topics())).values())
    except BusError as error:
        raise CommandError(f"The log does not answer ({error}).") from None
    finally:
        await bus.stop()
    if found:
        raise CommandError(f"The log holds {found:,} events: delete its topics first, or verify and leave it as it is.", 2)
