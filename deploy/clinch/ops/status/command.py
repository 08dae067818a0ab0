"""`clinch status`: what runs, what waits, what is wrong and what helps next."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated

import typer

from clinch.ops.bus.file import named, remembered
from clinch.ops.status.company import company
from clinch.ops.status.figures import Figures, figures
from clinch.ops.status.findings import Wrong, judge
from clinch.ops.status.processes import obstacles, processes
from clinch.ops.status.state import SystemState
from clinch.ops.status.text import rebuilding, tables
from clinch.options import Data, pasted
from clinch.run.clock import clock_words, offset_of
from clinch.run.folder import DataFolder, default_folder
from clinch.run.settings import SERVICES, Embedded, other_systems

ALL_WELL, SOMETHING_WRONG, NOT_READY = 0, 1, 3


def status(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON object, for machines.")] = False,
) -> None:
    """Show processes, the log and what waits in each service; what is wrong, and what helps next.

    Exit code 0 when all is well, 1 when something is wrong, 3 when the API does not run or is not ready. Of another system than the
    embedded one, set CLINCH_LEAD_DATABASE_URL, its three siblings, and CLINCH_BUS_URL.
    """
    folder = DataFolder(data or default_folder())
    system = _elsewhere() or _here(folder)
    wrong = judge(system, partial(_command, folder), datetime.now(UTC) + timedelta(seconds=system.moved_seconds))
    typer.echo(json.dumps(_facts(system, wrong), indent=1) if as_json else "\n".join(_lines(system, wrong, partial(_command, folder))))
    if system.embedded and not system.ready:
        raise typer.Exit(NOT_READY)
    raise typer.Exit(SOMETHING_WRONG if wrong else ALL_WELL)


def _command(folder: DataFolder, words: str) -> str:
    return pasted(words, data=folder.path)


def _elsewhere() -> SystemState | None:
    """The system that the environment names: databases and the log, no processes."""
    if not (others := other_systems()):
        return None
    bus = named(others["lead"].bus_url)
    found = _figures({database: its.database_url for database, its in others.items()}, others["lead"].bus_url)
    known = asyncio.run(company(others["lead"].database_url))
    return SystemState(bus.place, bus.on_kafka, embedded=False, figures=found, company=known)


def _here(folder: DataFolder) -> SystemState:
    bus, running = remembered(folder), folder.run()
    there = tuple(processes(folder, running))
    if not there:
        return SystemState(bus.place, bus.on_kafka)
    own = Embedded(folder, 0).postgres().url
    moved = offset_of(folder)
    found = _figures({database: own(database) for database in SERVICES}, bus.url or own("bus"), moved)
    known = asyncio.run(company(own("lead")))
    if running is None:
        return SystemState(bus.place, bus.on_kafka, processes=there, figures=found, company=known, moved_seconds=moved.total_seconds())
    worker = obstacles(running.admin_port + 1) if running.admin_port else None
    url, api = f"http://127.0.0.1:{running.port}", obstacles(running.port)
    return SystemState(bus.place, bus.on_kafka, url, True, there, api, worker, found, known, moved.total_seconds())


def _figures(databases: dict[str, str], bus_url: str, moved: timedelta = timedelta()) -> Figures:
    of_services = {SERVICES[database].partition(".")[0].replace("_", "-"): url for database, url in databases.items()}
    return asyncio.run(figures(of_services, bus_url, moved))


def _facts(system: SystemState, wrong: list[Wrong]) -> dict[str, object]:
    return {**asdict(system), "running": system.running, "ready": system.ready, "wrong": [asdict(one) for one in wrong]}


def _lines(system: SystemState, wrong: list[Wrong], command: Callable[[str], str]) -> list[str]:
    told = [
        line for one in wrong for line in (f"! {one.says}", *([f"    {one.next}"] if one.next else []), f"    docs/operations/{one.page}")
    ]
    told += rebuilding(system)
    told += [str(system.company)] if system.company else []
    told += [clock_words(timedelta(seconds=system.moved_seconds))] if system.moved_seconds else []
    if not system.embedded:
        return [*tables(system), *told, f"The log is {system.log}." if wrong else f"All is well; the log is {system.log}."]
    if not system.processes:
        return ["Clinch is not running: `clinch up` starts it."]
    if system.url is None:
        return [*tables(system), *told]
    memory = sum(process.memory_mb for process in system.processes)
    state = f"Clinch is {'ready' if system.ready else 'not ready'} on {system.url}, with {memory:.0f} MB in all; its log is {system.log}."
    return [*tables(system), *told, state + ("" if wrong else " All is well.")]
