"""`clinch replay`: a reader given its past again from the log, beside the live one."""

import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from clinch.errors import CommandError
from clinch.options import Data
from clinch.run.clock import offset_of
from clinch.run.folder import DataFolder, default_folder
from clinch.run.settings import SERVICES, Embedded, other_systems

if TYPE_CHECKING:
    from shared.clock import Clock
    from shared.log.replay import Progress
    from shared.process.settings import Settings


def replay(
    service: Annotated[str, typer.Argument(help="For example deal-svc.", show_default=False)],
    reader: Annotated[str, typer.Argument(help="As `clinch status` names it, for example accounts.", show_default=False)],
    publish: Annotated[
        bool, typer.Option("--publish", help="Also let take effect what makes it publish; otherwise that is counted and undone.")
    ] = False,
    data: Data = None,
) -> None:
    """Handle the whole past of a reader again, with the reader as it is now. The live one goes on meanwhile.

    Cut off at any instant, the same command goes on from there. Of another system than the embedded one: set CLINCH_LEAD_DATABASE_URL, its
    three siblings, and CLINCH_BUS_URL.
    """
    import uvloop

    from shared.log.bus import BusError
    from shared.log.replay import Refused

    database = service.removesuffix("-svc")
    if database not in SERVICES:
        raise CommandError(f"There is no service {service}: name one of {', '.join(f'{name}-svc' for name in SERVICES)}.", 2)
    settings, clock = _system(data, database)
    try:
        done = uvloop.run(_replay(settings, clock, database, reader, publish))
    except Refused as error:
        raise CommandError(str(error)) from None
    except BusError as error:
        raise CommandError(f"The log cannot be read: {error}.") from None
    typer.echo(f"{service}: {reader} has its past: {done.handled:,} events handled.")
    if done.held_back:
        typer.echo(f"{done.held_back:,} events would have published something and took no effect; with --publish they do.")
    if done.left:
        typer.echo(f"{done.left:,} events were passed over: they are dead letters, or come after a gap.")


def _system(data: object, database: str) -> "tuple[Settings, Clock]":
    from shared.clock import MovedClock, utcnow

    if others := other_systems():
        return others[database], utcnow
    folder = DataFolder(data or default_folder())  # type: ignore[arg-type]
    running = folder.run()
    if running is None:
        raise CommandError("Clinch is not running: start it with `clinch up`, then replay.")
    return Embedded(folder, running.port).of_service(database), MovedClock(lambda: offset_of(folder))


async def _replay(settings: "Settings", clock: "Clock", database: str, name: str, publish: bool) -> "Progress":
    from clinch.run.services import load
    from shared.company import stored
    from shared.db.database import Database
    from shared.log.bus import open_bus
    from shared.log.replay import replay

    service = load(database)
    readers = {reader.name: reader for reader in service.heard}
    if name not in readers:
        raise CommandError(f"{service.name} has no reader {name}: it has {', '.join(sorted(readers))}.", 2)
    settings = await stored(settings)
    async with AsyncExitStack() as stack:
        db = Database(settings, service.name)
        await db.start()
        stack.push_async_callback(db.stop)
        bus = open_bus(settings.bus_url, client="clinch replay")
        await bus.start()
        stack.push_async_callback(bus.stop)
        return await replay(db, bus, readers[name], service=service.name, clock=clock, publish=publish, told=_show)


def _show(progress: "Progress") -> None:
    """The same line again on a terminal; nothing in a file, where only the end counts."""
    if sys.stdout.isatty():
        end = "\n" if progress.passed >= progress.total else ""
        print(f"\r  {progress.passed:,} of {progress.total:,} events", end=end, flush=True)
