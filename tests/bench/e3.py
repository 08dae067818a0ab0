"""E3: from the commit of a lead until the funnel counts it, in the embedded system, at 300 commits a second."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

import orjson

from shared.ids import new_id
from tests.bench.compare import CONNECTIONS, Progress
from tests.bench.embedded import clinch
from tests.bench.load import Connection, request
from tests.bench.report import Result
from tests.bench.stage import Stage, free_port
from tests.bench.w1 import BODY

_RATE = 300
_SECONDS = 3
_FUNNEL = "/v1/metrics/funnel"
_LOOK_SECONDS = 0.01


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    data, port = str(stage.folder / "visible"), free_port()
    progress("starting the embedded system")
    await clinch("up", "--data", data, "--port", str(port))
    try:
        token = (await clinch("token", "--role", "admin", "--data", data)).split()[-1]
        halves: list[float] = []
        worst: list[float] = []
        rates: list[float] = []
        for n in range(rounds + 1):
            progress(f"round {n} of {rounds}: {_RATE} leads a second" if n else "warming up")
            delays, rate = await _round(port, token)
            if n:
                halves.append(delays[len(delays) // 2] * 1e3)
                worst.append(delays[int(len(delays) * 0.99)] * 1e3)
                rates.append(rate)
    finally:
        await clinch("down", "--data", data)
    what = f"commit → counted by the funnel, {_RATE} commits/s, embedded"
    said = f"leads created over HTTP meanwhile: {min(rates):,.0f} – {max(rates):,.0f} a second"
    return [
        Result("E3", f"{what}, p50", "–", "≤ 150 ms", halves, most=150, unit="ms", absolute=[said]),
        Result("E3", f"{what}, p99", "–", "≤ 500 ms", worst, most=500, unit="ms"),
    ]


async def _round(port: int, token: str) -> tuple[Sequence[float], float]:
    """How long each lead took to be counted, in order, and leads a second. The n-th answer's lead is taken for the n-th that is counted."""
    answered: list[float] = []
    counted: list[float] = []
    looking = await Connection.open(port)
    look = request("GET", _FUNNEL, {"Authorization": f"Bearer {token}"})
    before = await _captured(looking, look)
    connections = [await Connection.open(port) for _ in range(CONNECTIONS)]
    started = perf_counter()

    async def create(connection: Connection, first: int) -> None:
        for n in range(first, _RATE * _SECONDS, CONNECTIONS):
            await asyncio.sleep(started + n / _RATE - perf_counter())
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
            await connection.ask(request("POST", "/v1/leads", headers, BODY))
            answered.append(perf_counter())

    creating = asyncio.gather(*[create(connection, n) for n, connection in enumerate(connections)])
    while len(counted) < _RATE * _SECONDS:
        await asyncio.sleep(_LOOK_SECONDS)
        more = await _captured(looking, look) - before - len(counted)
        counted += [perf_counter()] * more
    await creating
    for connection in (looking, *connections):
        connection.close()
    return sorted(seen - told for told, seen in zip(answered, counted, strict=True)), len(answered) / (answered[-1] - started)


async def _captured(connection: Connection, look: bytes) -> int:
    answer = orjson.loads(await connection.ask(look))
    return int(answer["total"]["steps"][0]["n"])
