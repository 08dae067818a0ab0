"""The feed: events a second into it, against COPY of the same rows; and out of it, in pages over HTTP."""

from collections.abc import Iterator
from itertools import cycle
from time import perf_counter

import asyncpg

from metrics_svc.feed.commands import NAME, feed
from metrics_svc.service import service
from shared.process import heap
from tests.bench.compare import SECONDS, Progress
from tests.bench.consuming import consumed
from tests.bench.events import messages_of
from tests.bench.load import drive, request
from tests.bench.report import Result, rates
from tests.bench.stage import Stage

_WARM, _EVENTS = 500, 10_000
_PAGE = 500
_READERS = 4


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    warm, messages = messages_of(_WARM, "warm"), messages_of(_EVENTS, "bench")
    heap.settle()
    appended: list[float] = []
    copied: list[float] = []
    url = ""
    for n in range(1, rounds + 1):
        progress(f"round {n} of {rounds}: {_EVENTS:,} events are appended")
        url = await stage.database(service)
        appended.append(len(messages) / await consumed(url, NAME, feed, warm, messages))
        progress(f"round {n} of {rounds}: the same rows by COPY")
        copied.append(await _copy(url, await stage.database(service)))
    pages = await _read(stage, url, rounds, progress)
    return [
        rates("feed", "append with exactly-once effect", "bare COPY of the same rows", ("metrics-svc", appended), ("COPY", copied)),
        Result("feed", f"{_READERS} readers, in pages of {_PAGE} over HTTP", "–", "–", pages, unit="events/s"),
    ]


async def _copy(source: str, target: str) -> float:
    """Rows a second."""
    given, into = await asyncpg.connect(source), await asyncpg.connect(target)
    try:
        rows = await given.fetch("SELECT * FROM feed")
        started = perf_counter()
        await into.copy_records_to_table("feed", records=rows)
        return len(rows) / (perf_counter() - started)
    finally:
        await given.close()
        await into.close()


async def _read(stage: Stage, url: str, rounds: int, progress: Progress) -> list[float]:
    headers = {"Authorization": f"Bearer {stage.token('director')}"}
    pages = [request("GET", f"/v1/events?limit={_PAGE}&after={after}", headers) for after in range(0, _EVENTS, _PAGE)]
    found: list[float] = []
    async with stage.service(service, url) as server:
        for n in range(rounds + 1):
            progress(f"round {n} of {rounds}: {_READERS} readers" if n else "warming up")
            readers: list[Iterator[bytes]] = [cycle(pages) for _ in range(_READERS)]
            load = await drive(server.port, server.pid, readers, SECONDS)
            if n:
                found.append(load.rate * _PAGE)
    return found
