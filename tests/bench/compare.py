"""Two servers, the same work, in turns."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.bench.load import Load, drive
from tests.bench.report import Result
from tests.bench.stage import Server

CONNECTIONS = 8
SECONDS = 1.0
"""How long one side is driven in one round."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Side:
    """A server and what it is asked: `requests(n)` gives the requests of connection n, never the same twice where that matters."""

    name: str
    server: Server
    requests: Callable[[int], Iterator[bytes]]


async def compare(ours: Side, yardstick: Side, rounds: int, progress: Progress) -> tuple[list[float], list[str]]:
    """Our throughput in yardsticks, one value per round, and both sides' absolute figures in words."""
    waiting = {side.name: [side.requests(n) for n in range(CONNECTIONS)] for side in (ours, yardstick)}
    loads: dict[str, list[Load]] = {side.name: [] for side in (ours, yardstick)}
    for n in range(rounds + 1):
        for side in (yardstick, ours) if n % 2 else (ours, yardstick):
            progress(f"round {n} of {rounds}: {side.name}" if n else f"warming up: {side.name}")
            load = await drive(side.server.port, side.server.pid, waiting[side.name], SECONDS)
            if n:
                loads[side.name].append(load)
    ratios = [a.rate / b.rate for a, b in zip(loads[ours.name], loads[yardstick.name], strict=True)]
    return ratios, [_in_words(name, loads[name]) for name in (ours.name, yardstick.name)]


def _in_words(name: str, loads: Sequence[Load]) -> str:
    rate, p50, p99, cpu = (
        statistics.median(values)
        for values in zip(*[(x.rate, x.p50 * 1e3, x.p99 * 1e3, x.cpu / x.requests * 1e6) for x in loads], strict=True)
    )
    return f"{name}: {rate:,.0f} requests/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, {cpu:.0f} µs of server CPU per request"


def throughput(key: str, what: str, yardstick: str, measured: tuple[list[float], list[str]], goal: float = 0.70) -> Result:
    ratios, absolute = measured
    return Result(key, what, yardstick, f"≥ {goal:.2f}", ratios, least=goal, absolute=absolute)
