"""S1: the whole embedded system: how soon it is ready when it was there before, and the memory it takes."""

import re
from time import perf_counter

from tests.bench.compare import Progress
from tests.bench.embedded import clinch
from tests.bench.report import Result
from tests.bench.stage import Stage, free_port

_STARTS = 3
"""At most: a start has no yardstick to be compared with, and takes seconds."""
_MEMORY = re.compile(r"with (\d+) MB in all")


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    data, port = str(stage.folder / "embedded"), str(free_port())
    rounds = min(rounds, _STARTS)
    starts: list[float] = []
    memory: list[float] = []
    progress("first start")
    cold = await _seconds("up", "--data", data, "--port", port)
    try:
        for n in range(1, rounds + 1):
            await clinch("down", "--data", data)
            progress(f"start {n} of {rounds}")
            starts.append(await _seconds("up", "--data", data, "--port", port))
            found = _MEMORY.search(await clinch("status", "--data", data))
            memory.append(float(found[1]) if found else float("nan"))
    finally:
        await clinch("down", "--data", data)
    return [
        Result("S1", "`clinch up` until all is ready", "–", "≤ 5 s", starts, most=5, unit="s", absolute=[f"first start: {cold:.1f} s"]),
        Result("S1", "memory of the whole embedded system", "–", "≤ 450 MB", memory, most=450, unit="MB"),
    ]


async def _seconds(*command: str) -> float:
    started = perf_counter()
    await clinch(*command)
    return perf_counter() - started
