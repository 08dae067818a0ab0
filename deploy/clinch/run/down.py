"""`clinch down`: stop everything cleanly."""

import os
import signal
import time

import typer

from clinch.errors import CommandError
from clinch.options import Data
from clinch.run.folder import DataFolder, default_folder
from clinch.run.processes import stop_leftovers

PATIENCE = 90.0  # seconds; the supervisor itself kills what does not end


def down(data: Data = None) -> None:
    """Stop everything; the data stays."""
    folder = DataFolder(data or default_folder())
    typer.echo("Clinch has stopped." if stop(folder) else "Clinch was not running.")


def stop(folder: DataFolder) -> bool:
    """Whether there was something to stop. Returns when it has ended."""
    running = folder.run()
    if running is None:
        return folder.exists() and bool(stop_leftovers(folder))
    # The pid is the supervisor's for sure: it holds the lock that `run` found held.
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while folder.run() is not None:
        if time.monotonic() > deadline:
            raise CommandError(f"The supervisor (process {running.pid}) did not stop within {PATIENCE:.0f} s; `clinch logs` says why.")
        time.sleep(0.05)
    return True
