"""`clinch clean`: delete all data."""

import shutil
from typing import Annotated

import typer

from clinch.errors import CommandError
from clinch.options import Data
from clinch.run.down import stop
from clinch.run.folder import DataFolder, default_folder


def clean(data: Data = None, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Stop everything and delete the data folder."""
    folder = DataFolder(data or default_folder())
    if not folder.path.exists():
        typer.echo("There is no data.")
        return
    if not folder.exists():
        raise CommandError(f"{folder.path} is not a data folder of Clinch; nothing was deleted.", 2)
    if not yes and not typer.confirm(f"Delete all data in {folder.path}?"):
        typer.echo("Nothing was deleted.")
        return
    stop(folder)
    try:
        shutil.rmtree(folder.path)
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be deleted: {error.strerror}.") from None
    typer.echo("All data is deleted.")
