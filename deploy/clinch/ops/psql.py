"""`clinch psql`: SQL on a database of the embedded system, with the client that comes along with its Postgres."""

import os
from typing import Annotated

import typer

from clinch.errors import CommandError
from clinch.options import Data
from clinch.run.folder import DataFolder, default_folder
from clinch.run.postgres import binaries
from clinch.run.processes import alive
from clinch.run.settings import DATABASES, Embedded


def psql(
    database: Annotated[str, typer.Argument(help=f"One of {', '.join(DATABASES)}.")],
    arguments: Annotated[list[str] | None, typer.Argument(help='What psql takes, for example -c "SELECT 1".')] = None,
    data: Data = None,
) -> None:
    """Look into a database of the embedded system. Mind that you are its superuser; `BEGIN READ ONLY;` keeps you from slips."""
    if database not in DATABASES:
        raise CommandError(f"There is no database {database}: name one of {', '.join(DATABASES)}.", 2)
    folder = DataFolder(data or default_folder())
    if "postgres" not in alive(folder):
        raise CommandError("Clinch is not running: start it with `clinch up`.")
    client = binaries() / "psql"
    os.execv(client, [str(client), Embedded(folder, 0).postgres().url(database), *(arguments or [])])
