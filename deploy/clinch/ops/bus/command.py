"""`clinch bus migrate`: the log of an installation carried over to another bus."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clinch.errors import CommandError
from clinch.ops.bus.clear import clear
from clinch.ops.bus.file import named, remember, remembered
from clinch.ops.bus.republish import republish
from clinch.options import Data, pasted
from clinch.run.folder import DataFolder, default_folder
from clinch.run.settings import SERVICES, Embedded, other_systems
from clinch.run.stopped import databases_alone, refuse_running

if TYPE_CHECKING:
    from shared.log.bus import TopicPartition

bus = typer.Typer(no_args_is_help=True)

CLEAR = "What is there is an older copy: when `clinch verify` finds the log whole, `clinch bus clear` deletes the copy; then repeat."

# A relay that leads finishes its batch; after that none can, until this transaction ends.
_HOLD_RELAY = "INSERT INTO lease (name) VALUES ('relay') ON CONFLICT (name) DO UPDATE SET name = excluded.name"
_PATIENTLY = "SELECT set_config('idle_in_transaction_session_timeout', '0', true)"


bus.command()(republish)
bus.command()(clear)


@bus.callback()
def log_behind_the_services() -> None:
    """The log behind the services."""


@bus.command()
def migrate(
    to: Annotated[str, typer.Option(help="kafka://host:port, or `postgres` for the log in the folder's own Postgres.", show_default=False)],
    data: Data = None,
) -> None:
    """Carry the whole log over to another bus, with the positions of its consumers. Clinch must be stopped.

    Cut off at any instant, the same command goes on from there. Of another system than the embedded one: stop its workers, and set
    CLINCH_LEAD_DATABASE_URL, its three siblings, and CLINCH_BUS_URL, which is where the log is.
    """
    target = named(to)
    if others := other_systems():
        if target.url is None:
            raise CommandError("Name the target by a URL: there is no folder with a Postgres of its own here.", 2)
        source_url = others["lead"].bus_url
        asyncio.run(_carry(source_url, target.url, {name: its.database_url for name, its in others.items()}))
        typer.echo(f"The log is {target.place} now. Next: start everything with CLINCH_BUS_URL={to}, then `clinch verify`.")
        return
    run = Embedded(DataFolder(data or default_folder()), 0)
    refuse_running(run)
    source = remembered(run.folder)
    if target.url == source.url:
        typer.echo(f"The log is {source.place} already.")
        return
    with databases_alone(run):
        own = run.postgres().url
        databases = {name: own(name) for name in SERVICES}
        cluster = asyncio.run(
            _carry(source.url or own("bus"), target.url or own("bus"), databases, **({} if target.url else {"cure": CLEAR}))
        )
        remember(run.folder, replace(target, cluster=cluster))
    up, verify = (pasted(command, data=run.folder.path) for command in ("up", "verify"))
    typer.echo(f"The log of this folder is {target.place} now, and what was there stays as it is. Next: {up}, then {verify}")


async def _carry(source_url: str, target_url: str, databases: Mapping[str, str], **cure: str) -> str | None:
    """Copy and check. The target's cluster id, where it is Kafka."""
    from clinch.ops.bus.copy import Copy, all_topics
    from shared.log.bus import BusError, open_bus
    from shared.log.bus.kafka import KafkaBus

    async with AsyncExitStack() as stack:
        source, target = (open_bus(url, client="clinch bus migrate") for url in (source_url, target_url))
        for log in (source, target):
            await log.start()
            stack.push_async_callback(log.stop)
        connections = {name: await _without_relay(url, stack) for name, url in databases.items()}
        copy = Copy(source, target, all_topics(), **cure)
        try:
            plan = await copy.plan()
            there, whole = (sum(column) for column in zip((0, 0), *plan.values(), strict=True))
            if there:
                typer.echo(f"  {there:,} of {whole:,} events are there already")
            with _progress("Copying", whole - there) as advance:
                await copy.run(plan, advance)
            with _progress("Comparing", whole) as advance:
                ends = await copy.compare(advance)
            await _check_positions(connections, ends)
            return await target.cluster_id() if isinstance(target, KafkaBus) else None
        except BusError as error:
            raise CommandError(f"{error}. The same command goes on from here.") from None


async def _without_relay(url: str, stack: AsyncExitStack) -> Any:
    """A connection to a service's database that keeps its relay from publishing while it is open."""
    import asyncpg

    try:
        conn = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError) as error:
        raise CommandError(f"The database does not answer ({error}).") from None
    stack.push_async_callback(conn.close)
    await stack.enter_async_context(conn.transaction())
    await conn.execute(_PATIENTLY)
    await conn.execute(_HOLD_RELAY)
    return conn


async def _check_positions(connections: Mapping[str, Any], ends: "Mapping[TopicPartition, int]") -> None:
    """Every reader goes on where it was, so every stored offset must lie within the log."""
    from shared.log.split import POSITIONS

    count = 0
    for name, conn in connections.items():
        for consumer, topic, partition, position in await conn.fetch(POSITIONS):
            count += 1
            if not 0 <= position <= (end := ends.get((topic, partition), 0)):
                raise CommandError(f"{name}: {consumer} stands at {position} of {topic}[{partition}], which ends at {end}.")
    typer.echo(f"  {count} positions of consumers lie within the log")


@contextmanager
def _progress(doing: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal while it lasts, and a line at the end anywhere. What is yielded takes a number of events."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    started = time.monotonic()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        transient=True,
        disable=not sys.stdout.isatty(),
    ) as progress:
        bar = progress.add_task(doing, total=total)
        yield lambda count: progress.advance(bar, count)
    typer.echo(f"  {doing} {total:,} events: done after {time.monotonic() - started:.1f} s")
