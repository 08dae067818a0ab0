"""The processes of an embedded run: recorded in its folder, and taken for ours only when their command line says so."""

import json
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from clinch.run.folder import DataFolder
from clinch.run.postgres import Postgres

if TYPE_CHECKING:
    import psutil


def record(folder: DataFolder, pids: Mapping[str, int]) -> None:
    folder.processes.write_text(json.dumps(pids))


def alive(folder: DataFolder) -> dict[str, "psutil.Process"]:
    """Those that run, by name. A pid that the system gave to somebody else meanwhile is not ours."""
    try:
        pids: dict[str, int] = json.loads(folder.processes.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    if not pids:
        return {}
    import psutil

    found = {}
    for name, pid in pids.items():
        try:
            process = psutil.Process(pid)
            # The command line of a zombie is empty: where PID 1 does not reap, it stays for ever.
            if any(str(folder.path) in part for part in process.cmdline()):
                found[name] = process
        except psutil.Error:
            continue
    return found


def stop_leftovers(folder: DataFolder, patience: float = 20) -> list[str]:
    """Stop what a killed supervisor left behind; the names of what there was. `patience` in seconds, then they are killed."""
    left = alive(folder)
    clients = left.keys() - {"postgres"}
    for name in clients:
        _signal(left[name], signal.SIGINT)
    deadline = time.monotonic() + patience
    while (stuck := clients & alive(folder).keys()) and time.monotonic() < deadline:
        time.sleep(0.05)
    for name in stuck:
        _signal(left[name], signal.SIGKILL)
    if folder.postgres.exists():
        Postgres(folder.postgres, folder.log("postgres"), {}).stop_leftover()
    record(folder, {})
    return list(left)


def _signal(process: "psutil.Process", number: signal.Signals) -> None:
    import psutil

    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
