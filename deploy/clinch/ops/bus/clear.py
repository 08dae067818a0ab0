"""`clinch bus clear`: the copy of the log that a move to Kafka left in the folder's Postgres, deleted."""

import asyncio
from typing import Annotated

import typer

from clinch.errors import CommandError
from clinch.ops.bus.file import FolderBus, remembered
from clinch.options import Data
from clinch.run.folder import DataFolder, default_folder
from clinch.run.settings import Embedded
from clinch.run.stopped import databases_alone, refuse_running


def clear(data: Data = None, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Delete the old copy of the log in the folder's own Postgres. Clinch must be stopped, and its log be on another bus.

    It makes room, and is needed before `clinch bus migrate --to postgres` once the log on Kafka was published again.
    """
    run = Embedded(DataFolder(data or default_folder()), 0)
    refuse_running(run)
    bus = remembered(run.folder)
    if bus.url is None:
        raise CommandError(f"The log of this folder is {bus.place}, and nothing else is there: nothing was deleted.", 2)
    with databases_alone(run):
        asyncio.run(_clear(run.postgres().url("bus"), bus, yes))


async def _clear(url: str, bus: FolderBus, yes: bool) -> None:
    from clinch.ops.bus.copy import all_topics, ends
    from shared.log.bus.pglog import PgLog

    log = PgLog(url, client="clinch bus clear")
    await log.start()
    try:
        events = sum((await ends(log, all_topics())).values())
        if not events:
            typer.echo("There is no old copy of the log in the folder's own Postgres.")
        elif yes or typer.confirm(f"The log is {bus.place}. Delete the old copy in the folder's own Postgres, {events:,} events?"):
            await log.clear()
            typer.echo(f"The old copy is deleted, {events:,} events. The log stays {bus.place}.")
        else:
            typer.echo("Nothing was deleted.")
    finally:
        await log.stop()
