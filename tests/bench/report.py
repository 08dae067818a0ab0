"""What came out: as a table on the terminal, and as docs/benchmarks.md."""

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
from rich.table import Table

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. `values` are one per round, none where it could not be measured; `unit` is empty for a ratio.
    `least`/`most`: the goal.
    """

    key: str
    what: str
    yardstick: str
    goal: str
    values: Sequence[float]
    least: float | None = None
    most: float | None = None
    unit: str = ""
    absolute: Sequence[str] = ()
    """What the two sides did in themselves, in words."""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        if not self.values or (self.least is None and self.most is None):
            return None
        return (self.least is None or self.median >= self.least) and (self.most is None or self.median <= self.most)

    @property
    def measured(self) -> str:
        return self.shown(self.median) if self.values else "not measured"

    def shown(self, value: float) -> str:
        return f"{value:,.2f}" if not self.unit else f"{value:,.0f} {self.unit}" if value >= 100 else f"{value:.1f} {self.unit}"

    @property
    def spread(self) -> str:
        return f"{self.shown(min(self.values))} – {self.shown(max(self.values))}" if len(self.values) > 1 else ""


def rates(
    key: str,
    what: str,
    yardstick: str,
    ours: tuple[str, Sequence[float]],
    by_hand: tuple[str, Sequence[float]],
    *,
    unit: str = "events/s",
    least: float | None = None,
) -> Result:
    """How our rate compares with that of the yardstick, round by round; both sides come with their names."""
    ratios = [a / b for a, b in zip(ours[1], by_hand[1], strict=True)]
    said = [f"{name}: {statistics.median(values):,.0f} {unit}" for name, values in (ours, by_hand)]
    return Result(key, what, yardstick, "–" if least is None else f"≥ {least:.2f}", ratios, least=least, absolute=said)


_VERDICT = {True: "yes", False: "**no**", None: ""}
HEADINGS = ("", "what", "yardstick in the same run", "goal", "measured (median)", "min – max", "met")


def on_terminal(results: Iterable[Result]) -> Table:
    table = Table(*HEADINGS)
    for r in results:
        verdict = {True: "[green]yes", False: "[red]no", None: ""}[r.met]
        table.add_row(r.key, r.what, r.yardstick, r.goal, r.measured, r.spread, verdict)
    return table


def page(results: Sequence[Result], rounds: int) -> str:
    rows = [(r.key, r.what, r.yardstick, r.goal, r.measured, r.spread, _VERDICT[r.met]) for r in results]
    absolute = [(r.key, *a.split(": ", 1)) for r in results for a in r.absolute]
    return f"""# Benchmarks

Written by `make bench`. On a shared machine times mean little, so each figure is a ratio to a yardstick that ran in the same
minute: the two take turns, {rounds} rounds, and the median counts. Both sides use the same Postgres with the same settings (commits
wait for the disk); servers are the same web server with the same options, asked by the same client over 8 connections. What the
servers written by hand do is in `tests/bench/yardsticks.py`; each row has its file in `tests/bench/`.

{_table(HEADINGS, rows)}

## Absolute figures, for orientation only

{_table(("", "side", "did"), absolute)}

## Where

{_table(("what", "value"), _machine())}
"""


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _machine() -> list[tuple[str, str]]:
    names = [line.partition(": ")[2] for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    cpu = (names[0].strip() if names else platform.processor()) or platform.machine()
    packages = ("fastapi", "uvicorn", "asyncpg", "pydantic", "sqlalchemy", "uvloop")
    return [
        ("date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("machine", f"{cpu}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()}"),
        ("load before the run", f"{os.getloadavg()[2]:.1f} (mean of 15 minutes)"),
        ("versions", f"Python {platform.python_version()}, " + ", ".join(f"{p} {version(p)}" for p in packages)),
    ]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
