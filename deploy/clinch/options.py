"""Options that several commands share, and commands to be pasted that repeat them."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from clinch.errors import CommandError
from clinch.run.folder import DataFolder, default_folder

Data = Annotated[
    Path | None, typer.Option(envvar="CLINCH_DATA", help="The data folder.", show_default=".clinch in the project", file_okay=False)
]
Url = Annotated[str | None, typer.Option(envvar="CLINCH_URL", help="Where the API is.", show_default="the system of this data folder")]


def base_url(url: str | None, data: Path | None) -> str:
    """The API's origin, without a slash at the end: as given, or that of the system running on the data folder."""
    if url:
        return url.rstrip("/")
    running = DataFolder(data or default_folder()).run()
    if running is None:
        raise CommandError("Clinch is not running: start it with `clinch up`, or name another system with --url.")
    return f"http://127.0.0.1:{running.port}"


Token = Annotated[
    str | None, typer.Option(envvar="CLINCH_TOKEN", help="An access token.", show_default="an admin's, from the development issuer")
]


def pasted(command: str, *, url: str | None = None, data: Path | None = None) -> str:
    """A `clinch` command that works as it is in any terminal at this place, and means the same system whatever its environment says."""
    script = Path(sys.argv[0]).absolute()
    near = os.path.relpath(script)
    clinch = "clinch" if shutil.which("clinch") == str(script) else shlex.quote(str(script) if near.startswith("..") else near)
    if url:
        return f"{clinch} {command} --url {shlex.quote(url)}"
    named = data is not None and data != default_folder()
    return f"{clinch} {command} --data {shlex.quote(str(data))}" if named else f"{clinch} {command}"
