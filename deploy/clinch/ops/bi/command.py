"""`clinch bi`: the read-only database role of BI tools, and the views that it reads."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from clinch.errors import CommandError
from clinch.ops.bi import guard
from clinch.options import Data, pasted
from clinch.run.folder import DataFolder, default_folder
from clinch.run.processes import alive
from clinch.run.settings import Embedded

if TYPE_CHECKING:
    from shared.db.tx import Tx

T = TypeVar("T")

bi = typer.Typer(no_args_is_help=True)
PORT = 5439

Url = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="CLINCH_METRICS_DATABASE_URL",
        help="The metrics database, of a user who may create roles.",
        show_default="that of the embedded system",
    ),
]


@bi.callback()
def views_for_bi_tools() -> None:
    """Views of all exports for BI tools, read by a database role that reads nothing else."""


@bi.command()
def enable(database_url: Url = None, data: Data = None) -> None:
    """Make the role `bi` and its views, or give it another password: that of CLINCH_BI_PASSWORD, or one that is shown once.

    Whoever has the password reads the facts of everybody: the database knows no owners and teams of those who ask.
    """
    from metrics_svc.exports import role

    given = os.environ.get("CLINCH_BI_PASSWORD")
    password = given or role.new_password()
    folder = None if database_url else _running(data)
    if folder is not None:
        guard.put_up(folder.postgres)  # before there is a role that could come in without its password

    async def make(tx: "Tx") -> tuple[bool, list[str]]:
        if folder is not None:
            await guard.take_effect(tx)
        return await role.enable(tx, password), [] if folder else await role.elsewhere(tx)

    ours, elsewhere = _in_database(_url(database_url, folder), make)
    typer.echo("The views are in the schema bi of the metrics database; docs/bi.md says how Metabase, Superset and Power BI get there.")
    if not ours:
        typer.echo("There was a role bi that Clinch had not made: it may read the views now, and its password is what it was.")
    elif given:
        typer.echo("The role is bi, its password that of CLINCH_BI_PASSWORD.")
    else:
        typer.echo("The role is bi, its password is on the next line and nowhere else:")
        typer.echo(password)
    if elsewhere:
        typer.echo(f"It can connect to {', '.join(elsewhere)} too, where it reads nothing. To shut it out, an administrator runs")
        for name in elsewhere:
            typer.echo(f'  REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC;   -- and grants it to those who need it')
    if folder is not None:
        typer.echo(f"Next: open a port for tools on this machine with  {pasted('bi serve', data=data)}")


@bi.command()
def disable(database_url: Url = None, data: Data = None) -> None:
    """Remove the views and the role, and end its sessions."""
    from metrics_svc.exports import role

    folder = None if database_url else _running(data)
    if not _in_database(_url(database_url, folder), role.disable):
        typer.echo("There was nothing to remove.")
        return
    typer.echo("The views and the role bi are gone.")


@bi.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of 127.0.0.1.")] = PORT,
    data: Data = None,
) -> None:
    """Let BI tools on this machine in, at a port of 127.0.0.1, until Ctrl-C. Only the role bi gets through, with its password."""
    from clinch.ops.bi.gate import open_gate

    folder = _running(data)
    if not guard.is_up(folder.postgres):
        raise CommandError(f"There is no role for BI tools yet: run  {pasted('bi enable', data=data)}")
    try:
        asyncio.run(open_gate(Embedded(folder, 0).postgres().socket, port, typer.echo))
    except OSError as error:
        raise CommandError(f"Port {port} of 127.0.0.1 cannot be opened ({error.strerror or error}): take another with --port.") from None
    except KeyboardInterrupt:
        return


def _running(data: Path | None) -> DataFolder:
    folder = DataFolder(data or default_folder())
    if "postgres" not in alive(folder):
        raise CommandError("Clinch is not running: start it with `clinch up`, or name another database with --database-url.")
    return folder


def _url(given: str | None, folder: DataFolder | None) -> str:
    return Embedded(folder, 0).postgres().url("metrics") if folder else given or ""


def _in_database(url: str, work: "Callable[[Tx], Awaitable[T]]") -> T:
    from asyncpg import PostgresError
    from pydantic import ValidationError

    from metrics_svc.exports.role import NotPossible
    from shared.auth import SYSTEM
    from shared.clock import utcnow
    from shared.db.context import Context
    from shared.db.database import Database
    from shared.process.settings import Settings, one_line

    async def run() -> T:
        db = Database(Settings(database_url=url, bus_url=url, issuer="none"))
        await db.start()
        try:
            async with db.begin(Context("metrics-svc", SYSTEM, utcnow(), "bi")) as tx:
                return await work(tx)
        finally:
            await db.stop()

    try:
        return asyncio.run(run())
    except NotPossible as error:
        raise CommandError(str(error)) from None
    except ValidationError as error:
        raise CommandError(one_line(error), 2) from None
    except (OSError, PostgresError) as error:
        raise CommandError(f"The database does not answer as it should ({error}).") from None
