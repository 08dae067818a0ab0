"""`clinch status`: what runs, since when, with how much memory."""

import http.client
import time
from typing import TYPE_CHECKING

import typer

from clinch.bus.file import remembered
from clinch.folder import DataFolder, default_folder
from clinch.options import Data
from clinch.processes import alive

if TYPE_CHECKING:
    import psutil


def status(data: Data = None) -> None:
    """Show what runs, since when and with how much memory. Exit code 3 when it is not ready."""
    folder = DataFolder(data or default_folder())
    running = folder.run()
    processes = alive(folder)
    if running:
        import psutil

        processes = {"supervisor": psutil.Process(running.pid), **processes}
    total = 0.0
    for name, process in processes.items():
        memory = _memory(process)
        total += memory
        typer.echo(f"  {name:<11} process {process.pid:<8} up {_duration(time.time() - process.create_time()):<8} {memory:5.0f} MB")
    if running is None:
        typer.echo(
            "Clinch is not running." if not processes else "The supervisor is gone: `clinch up` takes over, `clinch down` stops these."
        )
        raise typer.Exit(3)
    ready = _ready(running.port)
    typer.echo(
        f"Clinch is {'ready' if ready else 'not ready'} on http://127.0.0.1:{running.port}, with {total:.0f} MB in all; "
        f"its log is {remembered(folder).place}."
    )
    if not ready:
        raise typer.Exit(3)


def _ready(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def _memory(process: "psutil.Process") -> float:
    """MB of the process, and of Postgres's backends with it; memory that several share is counted once (on Linux)."""
    import psutil

    total = 0
    for one in [process, *(process.children() if process.name() == "postgres" else [])]:
        try:
            full = one.memory_full_info()
            total += getattr(full, "pss", full.uss)
        except psutil.Error:
            continue
    return total / 1e6


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{int(seconds)} s" if minutes < 2 else f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
