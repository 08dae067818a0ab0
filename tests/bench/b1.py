"""B1: all projections of metrics-svc made anew from the log in Postgres, beside the live ones."""

import statistics
from time import perf_counter

from metrics_svc.fold import LANES
from metrics_svc.rebuild.log import rebuild
from metrics_svc.service import service
from shared.log.bus import open_bus
from shared.process import heap
from tests.bench.compare import Progress
from tests.bench.consuming import opened
from tests.bench.events import messages_of
from tests.bench.report import Result
from tests.bench.stage import Stage

_SIZES = (10_000, 50_000)
_GOAL = 1_000_000
_ROUNDS = 2
"""At most: one takes some seconds, and there is no yardstick to take turns with."""
_PIECE = 5_000


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    rates: dict[int, list[float]] = {}
    for size in _SIZES:
        rates[size] = []
        url = await stage.database(service)
        await _fill(url, size)
        heap.settle()
        for n in range(1, min(rounds, _ROUNDS) + 1):
            progress(f"round {n} of {min(rounds, _ROUNDS)}: {size:,} events")
            rates[size].append(await _rebuilt(url))
    few, many = _SIZES
    said = f"rebuild from the log in Postgres: {statistics.median(rates[many]):,.0f} events/s, in one process"
    took = [_GOAL / rate for rate in rates[many]]
    what = f"rebuild of all projections from {_GOAL:,} events (of {many:,}, times {_GOAL // many})"
    growth = [b / a for a, b in zip(rates[few], rates[many], strict=True)]
    return [
        Result("B1", what, "–", "≤ 60 s", took, most=60, unit="s", absolute=[said]),
        Result("B1", f"rebuild from {many:,} events", f"itself with {few:,}", "≥ 0.77", growth, least=0.77),
    ]


async def _fill(url: str, size: int) -> None:
    """The log, read to its end by the live projection: a rebuild goes as far as that is."""
    bus = open_bus(url)
    await bus.start()
    try:
        await bus.ensure_topics(sorted({topic for lane in LANES.values() for topic in lane.topics}))
        messages = messages_of(size, "bench")
        for start in range(0, size, _PIECE):
            await bus.publish(messages[start : start + _PIECE])
        async with opened(url) as db, db.connection() as conn:
            for (topic, partition), end in (await bus.end_offsets(LANES["sales"].topics)).items():
                await conn.execute("INSERT INTO consumer_offset VALUES ($1, $2, $3, $4)", LANES["sales"].consumer, topic, partition, end)
    finally:
        await bus.stop()


async def _rebuilt(url: str) -> float:
    """Events a second."""
    bus = open_bus(url)
    await bus.start()
    try:
        async with opened(url) as db:
            started = perf_counter()
            events = await rebuild(db, bus, db.settings)
            return events / (perf_counter() - started)
    finally:
        await bus.stop()
