"""`clinch logs`: the last lines of the logs, and what comes."""

import json
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clinch.errors import CommandError
from clinch.options import Data
from clinch.run.folder import DataFolder, default_folder


class Log(StrEnum):
    supervisor = "supervisor"
    postgres = "postgres"
    schema = "schema"
    api = "api"
    worker = "worker"


class Tail:
    """Shows the end of some logs, then what is added to them. Follows a log through its truncation."""

    def __init__(self, folder: DataFolder, names: Sequence[str] = tuple(Log), lines: int = 40) -> None:
        self._logs = {name: folder.log(name) for name in names}
        self._read = {name: _start_of_last(path, lines) for name, path in self._logs.items()}

    def show_news(self) -> None:
        for name, path in self._logs.items():
            try:
                with path.open("rb") as file:
                    if file.seek(0, 2) < self._read[name]:
                        self._read[name] = 0
                    file.seek(self._read[name])
                    news = file.read()
            except FileNotFoundError:
                continue
            whole = news[: news.rfind(b"\n") + 1]
            self._read[name] += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                typer.echo(f"{name:<10} | {readable(line)}")


def logs(
    which: Annotated[list[Log] | None, typer.Argument(help="Only these; all without it.", show_default=False)] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show what comes, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines of each log's end.")] = 40,
    data: Data = None,
) -> None:
    """Show the logs of the embedded run."""
    folder = DataFolder(data or default_folder())
    if not folder.exists():
        raise CommandError(f"There is no data folder {folder.path}, so there are no logs: start Clinch with `clinch up`.")
    tail = Tail(folder, which or tuple(Log), lines)
    tail.show_news()
    try:
        while follow:
            time.sleep(0.2)
            tail.show_news()
    except KeyboardInterrupt:
        return


def readable(line: str) -> str:
    """A line of structured JSON as `time level event key=value ...`; any other as it is."""
    try:
        entry = json.loads(line)
        head = [entry.pop("timestamp"), entry.pop("level"), entry.pop("event")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return line
    exception = entry.pop("exception", None)
    text = " ".join([*head, *(f"{key}={value}" for key, value in entry.items())])
    return f"{text}\n{exception}" if exception else text


def _start_of_last(path: Path, lines: int) -> int:
    """Where the last `lines` lines of the file begin, looking at its last 256 KB at most."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(0, size - 256 * 1024)
        file.seek(start)
        tail = file.read().splitlines(keepends=True)
    return size - sum(len(line) for line in tail[len(tail) - min(lines, len(tail)) :])
