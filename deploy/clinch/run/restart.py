"""`clinch restart`: replace the API or the worker by a new process, without a request that fails."""

import os
import time
from enum import StrEnum
from tempfile import NamedTemporaryFile
from typing import Annotated

import typer

from clinch.errors import CommandError
from clinch.options import Data
from clinch.run.child import PATIENCE, READY_WITHIN
from clinch.run.folder import DataFolder, default_folder
from clinch.run.processes import alive
from clinch.run.schema import revision_hash


class Part(StrEnum):
    api = "api"
    worker = "worker"


def restart(
    which: Annotated[list[Part] | None, typer.Argument(help="Only this one; both without it.", show_default=False)] = None,
    data: Data = None,
) -> None:
    """Start new processes, for example with changed code, and end the old ones when these are ready. No request fails."""
    folder = DataFolder(data or default_folder())
    if folder.run() is None:
        raise CommandError("Clinch is not running: start it with `clinch up`.")
    if folder.schema_stamp.read_text() != revision_hash():
        raise CommandError(
            "The code has other migrations than the databases: `clinch down`, then `clinch up`, which brings them up to date."
        )
    names = list(dict.fromkeys(which or Part))
    before, started = alive(folder), time.monotonic()
    _ask(folder, names)
    _wait(folder, time.monotonic() + len(names) * (READY_WITHIN + PATIENCE))
    after = alive(folder)
    if kept := [name for name in names if name not in after or (name in before and after[name].pid == before[name].pid)]:
        raise CommandError(f"The new {' and '.join(kept)} did not become ready, and the old one stays: `clinch logs {kept[0]}` says why.")
    typer.echo(f"Restarted {' and '.join(names)} in {time.monotonic() - started:.1f} s.")


def _ask(folder: DataFolder, names: list[Part]) -> None:
    """The file is there with all of its text or not at all, and only one at a time."""
    with NamedTemporaryFile("w", dir=folder.path, prefix=".restart-") as draft:
        draft.write(" ".join(names))
        draft.flush()
        try:
            os.link(draft.name, folder.restart)
        except FileExistsError:
            raise CommandError("A restart is under way already.") from None


def _wait(folder: DataFolder, until: float) -> None:
    """Until the supervisor has taken the last name and removed the file."""
    while folder.restart.exists():
        if folder.run() is None:
            raise CommandError("Clinch was stopped meanwhile.")
        if time.monotonic() > until:
            raise CommandError("The supervisor does not get on with it; `clinch logs supervisor` says why.")
        time.sleep(0.05)
