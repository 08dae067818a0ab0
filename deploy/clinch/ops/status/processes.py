"""The processes of an embedded run: since when, with how much memory, and what they say of themselves."""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clinch.run.folder import DataFolder, Run
from clinch.run.processes import alive

if TYPE_CHECKING:
    import psutil

PATIENCE = 6.0
"""Seconds for a probe; a service whose database is silent says so after 5."""


@dataclass(frozen=True)
class ProcessState:
    """`stopped`: its time stands still, as after SIGSTOP."""

    name: str
    pid: int
    up_seconds: float
    memory_mb: float
    stopped: bool


def processes(folder: DataFolder, running: Run | None) -> list[ProcessState]:
    """Those that run, the supervisor first."""
    found = alive(folder)
    if running:
        import psutil

        found = {"supervisor": psutil.Process(running.pid), **found}
    return [_state(name, process) for name, process in found.items()]


def _state(name: str, process: "psutil.Process") -> ProcessState:
    import psutil

    stopped = process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    return ProcessState(name, process.pid, time.time() - process.create_time(), _memory(process), stopped)


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


def obstacles(port: int) -> Mapping[str, str] | None:
    """What a process on this port says is in the way, by service; nothing when it is ready, None when it does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said: dict[str, Any] = json.load(answer)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    if answer.status == 200:
        return {}
    by_service = {name: body for name, body in said.items() if isinstance(body, dict)} or {"": said}
    return {name: body["status"] for name, body in by_service.items() if body.get("status") != "ready"}
