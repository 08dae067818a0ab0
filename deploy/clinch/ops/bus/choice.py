"""What `clinch up` settles before anything starts: that the folder's bus is the log that its consumers' offsets were made on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from clinch.errors import CommandError
from clinch.ops.bus.file import FolderBus, named, remember, remembered
from clinch.run.settings import SERVICES, Embedded
from clinch.run.stopped import databases_alone

PATIENCE = 15.0  # seconds for Kafka to say who it is; one that is down refuses at once
_LEFT_THE_OUTBOX = "SELECT EXISTS (SELECT FROM event WHERE NOT EXISTS (SELECT FROM outbox WHERE event_id = event.id))"


@dataclass(frozen=True)
class Seen:
    """What a Kafka says of itself: its id, and how many events there are in the topics that would be ours."""

    cluster: str
    events: int


def settle_bus(run: Embedded, given: str | None, say: Callable[[str], None]) -> None:
    """Let the folder remember the bus that it starts with: `given`, or the one from before. `say` takes a line for the terminal.

    Raises CommandError when the log is on another one, or is gone. A Kafka that does not answer is no obstacle.
    """
    old = remembered(run.folder)
    bus = named(given) if given else old
    seen = asyncio.run(_look(bus)) if bus.on_kafka else None
    moved = seen is not None and seen.cluster == old.cluster
    new = not run.folder.postgres.exists()
    if bus.url == old.url:
        bus = old
    elif not moved:
        if not new and _has_published(run):
            raise CommandError(
                f"The log of this folder is {old.place}, and offsets only hold there: "
                f"carry it over with `clinch bus migrate --to {given}`, or start without --bus and CLINCH_BUS_URL.",
                2,
            )
        new = True
    if seen is not None:
        _refuse_strangers(bus, seen, new)
        bus = replace(bus, cluster=seen.cluster)
    elif bus.on_kafka:
        say(f"No Kafka answers at {bus}: Clinch starts all the same, and keeps events in its outboxes until one does.")
    if new or bus != old:
        remember(run.folder, bus)


def _refuse_strangers(bus: FolderBus, seen: Seen, new: bool) -> None:
    if bus.cluster not in (None, seen.cluster):
        raise CommandError(
            f"The Kafka at {bus} is another one than holds the log of this folder, or its data were deleted: "
            "bring that one back, or publish the whole history again with `clinch bus republish`.",
            2,
        )
    if new and seen.events:
        raise CommandError(
            f"The topics at {bus} hold {seen.events:,} events of another installation: delete those topics, or take another Kafka.", 2
        )


async def _look(bus: FolderBus) -> Seen | None:
    from clinch.ops.bus.copy import all_topics, ends
    from shared.log.bus import BusError
    from shared.log.bus.kafka import KafkaBus

    assert bus.url
    kafka = KafkaBus(bus.url, client="clinch up")
    try:
        async with asyncio.timeout(PATIENCE):
            return Seen(await kafka.cluster_id(), sum((await ends(kafka, all_topics())).values()))
    except (BusError, TimeoutError):
        return None
    finally:
        await kafka.stop()


def _has_published(run: Embedded) -> bool:
    """Whether an event of any service has ever left for the log."""
    with databases_alone(run):
        return any(asyncio.run(_left(run.postgres().url(database))) for database in SERVICES)


async def _left(url: str) -> bool:
    import asyncpg

    try:
        conn = await asyncpg.connect(url)
    except asyncpg.InvalidCatalogNameError:
        return False
    try:
        return bool(await conn.fetchval(_LEFT_THE_OUTBOX))
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await conn.close()
