"""`clinch restore`: the embedded system of a backup, in a data folder of its own or in place of another."""

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clinch.errors import CommandError
from clinch.ops.backup import archive
from clinch.ops.backup.archive import Manifest
from clinch.ops.backup.progress import bar
from clinch.options import Data, pasted
from clinch.run.folder import DataFolder, default_folder
from clinch.run.postgres import MAJOR
from clinch.run.processes import stop_leftovers
from clinch.run.settings import SERVICES, Embedded

if TYPE_CHECKING:
    from clinch.run.postgres import Postgres


def restore(
    file: Annotated[Path, typer.Argument(help="What `clinch backup` wrote.", exists=True, dir_okay=False, show_default=False)],
    data: Data = None,
    replace: Annotated[bool, typer.Option("--replace", help="Delete the data that the folder has now.")] = False,
) -> None:
    """Bring a backup back. Every file is checked before anything takes the place of what is there."""
    folder, started = DataFolder(data or default_folder()), time.monotonic()
    if folder.run():
        raise CommandError("Clinch is running on this folder: stop it with `clinch down`, then repeat.")
    found = archive.manifest(file)
    _refuse_other_versions(found)
    folder.claim()
    with folder.hold(0):
        if folder.postgres.exists() and not replace:
            raise CommandError(f"{folder.path} holds data: name an empty folder with --data, or give them up with --replace.", 2)
        stop_leftovers(folder)
        postgres = Embedded(folder, 0).postgres()
        draft = folder.path / "restoring"
        shutil.rmtree(draft, ignore_errors=True)
        try:
            with bar("Restoring", found.size) as advance:
                archive.unpack(file, draft, advance)
            _put_in_place(folder, draft, postgres)
        except OSError as error:
            raise CommandError(f"The backup could not be restored ({error.strerror or error}).") from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    about = found.about
    typer.echo(f"Restored what {file} held at {about.made_at} ({found.size / 1e6:,.0f} MB) in {time.monotonic() - started:.1f} s.")
    if about.bus:
        typer.echo(f"Its log is on {about.bus} and may be ahead of it or behind: read docs/operations/backup.md before the next step.")
    typer.echo(f"Next  {pasted('up', data=folder.path)}\nthen  {pasted('verify --rebuild', data=folder.path)}")


def _refuse_other_versions(found: Manifest) -> None:
    from clinch.run.services import load
    from shared import migrations

    about = found.about
    if int(about.postgres.partition(".")[0]) != MAJOR:
        raise CommandError(
            f"The backup is of Postgres {about.postgres}, and this is Postgres {MAJOR}: restore it with Clinch {about.clinch}, "
            "and move the data with pg_upgrade.",
            2,
        )
    for database in SERVICES:
        at = about.revisions.get(database)
        if at is not None and not migrations.knows(load(database).migrations, at):
            raise CommandError(
                f"The backup is of a newer Clinch ({about.clinch}; the {database} database is at revision {at}): restore it with that.", 2
            )


def _put_in_place(folder: DataFolder, draft: Path, postgres: "Postgres") -> None:
    """The small files first: an end in between leaves the old databases, or none, and `clinch restore` can be repeated."""
    postgres.take(draft / "postgres")
    os.sync()  # thousands of files at once; one by one takes ten times as long
    for file in folder.kept:
        file.unlink(missing_ok=True)
        if (draft / file.name).exists():
            (draft / file.name).rename(file)
    if folder.postgres.exists():
        folder.postgres.rename(draft / "before")
    (draft / "postgres").rename(folder.postgres)
