"""`clinch backup`: the whole embedded system as of one moment, in one file, while it works on.

All databases, and the log where it is in Postgres, are one cluster: one physical copy of it holds them as of the same instant. Copies of
one database after the other would not agree: an outbox row already deleted whose event the copy of the log does not have yet.
"""

import asyncio
import os
import re
import shutil
import subprocess
import time
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from clinch.errors import CommandError
from clinch.ops.backup import archive
from clinch.ops.backup.archive import About
from clinch.ops.backup.draft import draft_beside, remove_leftovers
from clinch.ops.backup.progress import bar
from clinch.ops.bus.file import remembered
from clinch.options import Data, pasted
from clinch.run.folder import DataFolder, default_folder
from clinch.run.postgres import binaries
from clinch.run.settings import SERVICES, Embedded
from clinch.run.stopped import databases_alone


def backup(
    to: Annotated[Path, typer.Argument(help="The file to write, or a folder for it.", show_default=False)],
    data: Data = None,
) -> None:
    """Write all databases, the log and the issuer's key into one file, of a running or of a stopped system."""
    folder = DataFolder(data or default_folder())
    if not folder.postgres.exists():
        raise CommandError(f"There is no system in {folder.path}: name its data folder with --data or CLINCH_DATA.", 2)
    run, started = Embedded(folder, 0), time.monotonic()
    target = (to / f"clinch-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar.gz" if to.is_dir() else to).absolute()
    if target.exists():
        raise CommandError(f"{target} exists already: name another file.", 2)
    for left in remove_leftovers(target.parent):
        typer.echo(f"Removed {left}, which a backup that was killed had left.")
    with draft_beside(target) as draft:
        tree = draft.folder / "tree"
        tree.mkdir()
        with nullcontext() if folder.run() else databases_alone(run):
            about = asyncio.run(_about(run))
            _copy_cluster(run, tree / "postgres", draft.lock)
        for file in folder.kept:
            if file.exists():
                shutil.copy(file, tree / file.name)
        _pack(tree, about, draft.folder / "archive", target)
    typer.echo(f"Backed up to {target} ({target.stat().st_size / 1e6:,.0f} MB) in {time.monotonic() - started:.1f} s.")
    if about.bus:
        typer.echo(f"The log is on {about.bus} and not in it: docs/operations/backup.md says what that means.")
    typer.echo(f"Get it back with  {pasted('restore')} {target} --data <an empty folder>")


async def _about(run: Embedded) -> About:
    import asyncpg

    from shared import migrations

    url = run.postgres().url
    try:
        conn = await asyncpg.connect(url("postgres"))
    except (OSError, asyncpg.PostgresError) as error:
        raise CommandError(f"The database does not answer ({error}).") from None
    server = str(await conn.fetchval("SHOW server_version"))
    await conn.close()
    revisions = {}
    for database in SERVICES:
        with suppress(asyncpg.InvalidCatalogNameError):  # the very first start did not come so far
            revisions[database] = await migrations.revision(url(database))
    bus = remembered(run.folder)
    return About(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", version("clinch"), server.split()[0], revisions, str(bus) if bus.url else None)


def _copy_cluster(run: Embedded, into: Path, lock: int) -> None:
    """Postgres's own tool: the files, and the write-ahead log from the beginning of the copy to its end."""
    tool = [str(binaries() / "pg_basebackup"), "--dbname", run.postgres().url("postgres"), "--pgdata", str(into)]
    how = ["--checkpoint=fast", "--wal-method=stream", "--no-manifest", "--no-sync", "--progress"]
    said = ""
    with subprocess.Popen(
        [*tool, *how], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[lock]
    ) as process:
        assert process.stderr
        with bar("Copying", 100) as advance:
            done = 0
            while line := os.read(process.stderr.fileno(), 4096).decode(errors="replace"):
                said = (said + line)[-4000:]
                if percents := re.findall(r"\((\d+)%\)", line):
                    advance(int(percents[-1]) - done)
                    done = int(percents[-1])
    if process.returncode:
        errors = [part for part in re.split(r"[\r\n]+", said) if "error:" in part or "FATAL" in part] or [f"exit code {process.returncode}"]
        raise CommandError(
            f"The databases could not be copied ({errors[0].removeprefix('pg_basebackup: error: ')}); nothing of it is left."
        )


def _pack(tree: Path, about: About, draft: Path, target: Path) -> None:
    size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
    with bar("Packing", 2 * size) as advance:
        archive.write(tree, about, draft, advance)
    with bar("Checking", size) as advance:
        archive.unpack(draft, None, advance)
    draft.rename(target)
    _to_disk(target.parent)


def _to_disk(folder: Path) -> None:
    """The folder's entry too, or the file is gone with the power."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
