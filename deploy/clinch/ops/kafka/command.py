"""`clinch kafka`: Apache Kafka itself on this machine, without containers."""

from pathlib import Path
from typing import Annotated

import typer

from clinch.errors import CommandError
from clinch.options import pasted

READY_SECONDS = 120.0
_MARK = "README"
_MARK_TEXT = (
    "The data of a developer's Apache Kafka, started with `clinch kafka up`. Delete the folder when it is stopped to start afresh.\n"
)

app = typer.Typer(no_args_is_help=True, help="Apache Kafka itself on this machine: one node, for development.")

Data = Annotated[
    Path | None,
    typer.Option(envvar="CLINCH_KAFKA_DATA", help="The broker's folder.", show_default=".cache/kafka/data in the project", file_okay=False),
]


@app.command()
def up(
    port: Annotated[int, typer.Option(envvar="CLINCH_KAFKA_PORT", min=1, max=65535, help="Its port, on 127.0.0.1.")] = 9092,
    data: Data = None,
) -> None:
    """Fetch the broker if it is not here yet, start it, return when it answers."""
    import asyncio
    import time

    from clinch.ops.kafka.jars import version
    from clinch.ops.kafka.java import java
    from clinch.ops.kafka.node import Node, free_ports, is_free, new_cluster_id, until_they_answer

    folder = _folder(data)
    node = Node(folder, port, free_ports(1))
    recorded = node.process.recorded()
    if recorded and node.process.running():
        typer.echo(f"Kafka is already running on 127.0.0.1:{recorded.port} (process {recorded.pid}).")
        return
    _claim(folder)
    if not is_free(port):
        raise CommandError(f"Port {port} is taken by another program: end that, or name another port with --port.")
    found, files = java(), _fetched()
    started = time.monotonic()
    typer.echo(f"  Apache Kafka {version()} starts ...")
    node.start(found, files, new_cluster_id())
    try:
        asyncio.run(until_they_answer([node], READY_SECONDS))
    except BaseException:
        node.process.stop()
        raise
    typer.echo(
        f"Kafka answers on {node.address} after {time.monotonic() - started:.1f} s.\n"
        f"  Next   {pasted(f'up --bus kafka://{node.address}')}\n"
        f"  Log    {node.process.log}\n"
        f"  Stop   {_pasted('kafka down', data)}"
    )


@app.command()
def down(data: Data = None) -> None:
    """Stop it; the data stays."""
    from clinch.ops.kafka.process import BrokerProcess

    process = BrokerProcess(_folder(data))
    recorded = process.recorded()
    if process.stop():
        typer.echo("Kafka has stopped.")
    elif recorded:
        typer.echo(f"Kafka was not running any more: process {recorded.pid} is gone, or is somebody else's now.")
    else:
        typer.echo("Kafka was not running.")


@app.command()
def status(data: Data = None) -> None:
    """Show whether it runs and answers. Exit code 3 when it does not."""
    import asyncio

    from clinch.ops.kafka.node import HOST, brokers_known_to
    from clinch.ops.kafka.process import BrokerProcess

    process = BrokerProcess(_folder(data))
    recorded = process.recorded()
    if recorded is None or process.running() is None:
        typer.echo("Kafka is not running." if recorded is None else f"Kafka is not running: process {recorded.pid} has ended.")
        raise typer.Exit(3)
    answers = asyncio.run(brokers_known_to(f"{HOST}:{recorded.port}"))
    typer.echo(f"Kafka runs on {HOST}:{recorded.port} (process {recorded.pid}) and {'answers' if answers else 'does not answer'}.")
    if not answers:
        raise typer.Exit(3)


def _folder(data: Path | None) -> Path:
    from clinch.ops.kafka.jars import CACHE

    return (data or CACHE / "data").expanduser().resolve()


def _claim(folder: Path) -> None:
    """Make the folder, or check that it is a broker's of ours and can be written to."""
    try:
        if folder.exists() and not (folder / _MARK).exists() and any(folder.iterdir()):
            raise CommandError(f"{folder} holds other files: name an empty or a new folder with --data.", 2)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARK).write_text(_MARK_TEXT)
    except OSError as error:
        raise CommandError(f"{folder} cannot be written to ({error.strerror}): name another folder with --data.", 2) from None


def _fetched() -> Path:
    """The broker's files; on a terminal the line counts them as they come."""
    import sys

    from clinch.ops.kafka.jars import is_here, jars, version

    if is_here():
        return jars()
    line = f"  Apache Kafka {version()} is fetched, which takes a minute or so ..."
    typer.echo(line, nl=not sys.stdout.isatty())

    def count(done: int, of: int) -> None:
        if sys.stdout.isatty():
            typer.echo(f"\r{line} {done} of {of} files", nl=False)

    try:
        return jars(count)
    finally:
        if sys.stdout.isatty():
            typer.echo()


def _pasted(command: str, data: Path | None) -> str:
    import shlex

    return pasted(command) + (f" --data {shlex.quote(str(data))}" if data else "")
