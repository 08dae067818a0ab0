"""`clinch verify`: the invariants that the data itself can show, checked on a running or a stopped-and-started system."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from clinch.errors import CommandError
from clinch.options import Data
from clinch.run.folder import DataFolder, default_folder
from clinch.run.settings import SERVICES, Embedded, other_systems

if TYPE_CHECKING:
    from shared.process.service import Service
    from shared.process.settings import Settings
    from shared.verify import Finding

T = TypeVar("T")


def verify(
    data: Data = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for events that are still on their way.", min=0)] = 30,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Also project everything again from the log, and check what comes out.")
    ] = False,
) -> None:
    """Check that nothing is lost, doubled or out of order, and that the figures agree with the records.

    Against other systems than the embedded one, set CLINCH_LEAD_DATABASE_URL and its three siblings, and CLINCH_BUS_URL.
    """
    import uvloop

    from shared.log.bus import BusError

    try:
        broken = uvloop.run(_verify(_settings(data), wait, rebuild))
    except BusError as error:
        raise CommandError(f"The log cannot be read: {error}.") from None
    if broken:
        raise CommandError(f"{broken} invariant{'s do' if broken > 1 else ' does'} not hold; the offenders are named above.")


def _settings(data: Any) -> "dict[str, Settings]":
    if others := other_systems():
        return others
    folder = DataFolder(data or default_folder())
    running = folder.run()
    if running is None:
        raise CommandError("Clinch is not running: start it with `clinch up`, then verify.")
    run = Embedded(folder, running.port)
    return {db: run.of_service(db) for db in SERVICES}


async def _verify(settings: "Mapping[str, Settings]", wait: float, rebuild: bool) -> int:
    from rich.console import Console

    from clinch.run.services import load
    from shared.db.database import Database
    from shared.log.bus import open_bus

    console = Console()
    broken = 0
    async with AsyncExitStack() as stack:
        settings = {name: await _as_stored(given, wait) for name, given in settings.items()}
        databases = {}
        for name, given in settings.items():
            databases[name] = Database(given)
            await _answer(databases[name].start, wait)
            stack.push_async_callback(databases[name].stop)
        bus = open_bus(settings["lead"].bus_url, client="verify")
        await bus.start()
        stack.push_async_callback(bus.stop)
        services = {name: load(name) for name in SERVICES}
        with console.status("Waiting for events on their way ..."):
            await _until_quiet(services, databases, bus, settings["metrics"], wait)
            async for where, found in _findings(services, databases, bus, settings["metrics"] if rebuild else None):
                broken += bool(found.offenders)
                mark = "[red]✗[/red]" if found.offenders else "[green]✓[/green]"
                looked = "" if found.looked_at is None else f" [dim]({found.looked_at:,})[/dim]"
                console.print(f"{mark} {found.invariant} [bold]{where}[/bold] {found.says}{looked}", highlight=False)
                if found.offenders:
                    console.print(f"    {found.offenders:,} offenders: {', '.join(found.examples) or 'see the tables'}", markup=False)
    if not broken:
        console.print(
            "All invariants hold. The numbers are those of docs/operations/verify.md; in brackets, how many were looked at.",
            highlight=False,
        )
    return broken


async def _as_stored(settings: "Settings", wait: float) -> "Settings":
    """Figures are checked in the zone and currency that the databases are kept in, whatever this terminal's environment says."""
    from shared.company import stored

    return await _answer(lambda: stored(settings), wait)


async def _answer(ask: "Callable[[], Awaitable[T]]", wait: float) -> "T":
    """What a database answers, also one whose Postgres is just being restarted."""
    from shared.process.outage import is_outage

    until = time.monotonic() + wait
    while True:
        try:
            return await ask()
        except Exception as error:
            if not is_outage(error) or time.monotonic() > until:
                raise CommandError(f"The database does not answer ({error}).") from None
        await asyncio.sleep(0.5)


async def _findings(
    services: "Mapping[str, Service]", databases: Mapping[str, Any], bus: Any, settings: "Settings | None"
) -> "AsyncIterator[tuple[str, Finding]]":
    from metrics_svc.feed.checks import in_the_feed
    from shared import verify as data

    for name, service in services.items():
        async with databases[name].connection() as conn:
            kept = [*data.atomicity(service.metadata), *data.orphans(service.metadata), *data.limits(service.metadata)]
            checks = [*kept, *data.PLUMBING_CHECKS, *service.checks]
            async for found in data.run(conn, checks):
                yield service.name, found
            if service.topics:
                async for found in data.in_the_log(conn, bus, service.name, sorted(t.split(".")[1] for t in service.topics)):
                    yield service.name, found
        async for found in data.recounted(databases[name], service.recounts):
            yield service.name, found
    async for where, found in _agreements(services, databases):
        yield where, found
    async with databases["metrics"].connection() as conn:
        async for found in in_the_feed(conn, bus):
            yield "metrics-svc", found
    async for found in _projection(databases["metrics"], bus, settings):
        yield "metrics-svc", found


async def _agreements(services: "Mapping[str, Service]", databases: Mapping[str, Any]) -> "AsyncIterator[tuple[str, Finding]]":
    """What each service counts of its own data, against what the first one of that total counts."""
    from shared.verify import ROSTER_TOTAL, Finding

    known: dict[str, tuple[str, list[tuple[Any, ...]]]] = {}
    for name, service in services.items():
        async with databases[name].connection() as conn:
            for total in (*service.totals, ROSTER_TOTAL):
                rows = [tuple(row) for row in await conn.fetch(total.sql)]
                owner, expected = known.setdefault(total.says, (name, rows))
                if owner != name:
                    differ = sorted({*map(str, expected)} ^ {*map(str, rows)}) if expected != rows else []
                    yield f"{owner} = {name}", Finding(total.invariant, total.says, len(differ), tuple(differ[:3]), len(expected))


async def _projection(db: Any, bus: Any, settings: "Settings | None") -> "AsyncIterator[Finding]":
    """Invariant 7, twice: the cells are what the facts say; with settings to rebuild by, everything is what the log says."""
    from metrics_svc.rebuild.cells import differing_cells
    from metrics_svc.rebuild.log import differing_rows
    from shared.auth import SYSTEM
    from shared.clock import utcnow
    from shared.db.context import Context
    from shared.verify import Finding

    async with db.begin(Context("verify", SYSTEM, utcnow(), "verify"), keep=False) as tx:
        differ = await differing_cells(tx)
        yield Finding(7, "every cell is what the facts say", differ, (), await tx.value("SELECT count(*) FROM cell"))
    if settings is not None:
        differ, events = await differing_rows(db, bus, settings)
        yield Finding(7, "the projection is what the log says when read again", differ, (), events)


async def _until_quiet(services: "Mapping[str, Service]", databases: Mapping[str, Any], bus: Any, metrics: "Settings", wait: float) -> None:
    """Outboxes empty, consumers at the log's end and figures of this release, or the time is up: then the checks show what is behind."""
    from metrics_svc.rebuild.versions import outdated

    async def to_recompute() -> int:
        async with databases["metrics"].read() as db:
            return len(await outdated(db, metrics))

    until = time.monotonic() + wait
    while (await behind(services, databases, bus) or await to_recompute()) and time.monotonic() < until:  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0.2)


async def behind(services: "Mapping[str, Service]", databases: Mapping[str, Any], bus: Any) -> int:
    """Events on their way: in an outbox, or before a reader, also one that has not begun and so has no stored offset."""
    from clinch.ops.bus.copy import ends
    from shared.log.split import POSITIONS

    count = 0
    for name, service in services.items():
        async with databases[name].connection() as conn:
            count += await conn.fetchval("SELECT count(*) FROM outbox")
            stored = {(row["consumer"], row["topic"], row["partition"]): row["next"] for row in await conn.fetch(POSITIONS)}
        for reader in service.heard:
            for (topic, partition), end in (await ends(bus, reader.topics)).items():
                count += max(0, end - stored.get((reader.name, topic, partition), 0))
    return count
