"""`make bench`: quality.md's yardsticks, the table on the terminal and in docs/benchmarks.md. `--only W1` runs one of them."""

import argparse
import asyncio
import logging
import time
from functools import partial
from importlib import import_module

import structlog
from rich.console import Console
from rich.status import Status

from tests.bench.report import PAGE, Result, on_terminal, page
from tests.bench.stage import stage

YARDSTICKS = (
    *("W1", "W2", "W3", "R1", "R2", "R3", "R4", "R5", "E1", "E2", "E3"),
    *("I1", "B1", "feed", "webhooks", "signals", "rescoring", "lookup", "S1", "P1"),
    *("tasks", "Q1"),
)
"""Each is a module of this package with a function `measure`."""


async def run(only: list[str], rounds: int, console: Console) -> list[Result]:
    results: list[Result] = []
    async with stage() as ready:
        for key in only or YARDSTICKS:
            with console.status(key) as status:
                measure = import_module(f"tests.bench.{key.lower()}").measure
                results += await measure(ready, rounds, partial(_show, status, key))
            console.print(f"{key} is measured.")
    return results


def _show(status: Status, key: str, step: str) -> None:
    status.update(f"{key}: {step}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure ratios against hand-written yardsticks.")
    parser.add_argument("--only", nargs="+", choices=YARDSTICKS, default=[], help="run these, and leave docs/benchmarks.md as it is")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    # What the parts in this process say of their work would stand between our lines.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    console = Console()
    started = time.monotonic()
    results = asyncio.run(run(args.only, args.rounds, console))
    console.print(on_terminal(results))
    for result in results:
        for line in result.absolute:
            console.print(f"{result.key}  {line}", highlight=False)
    console.print(f"Took {time.monotonic() - started:.0f} s.")
    if not args.only:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(results, args.rounds))
        console.print(f"Written: {PAGE}")


if __name__ == "__main__":
    main()
