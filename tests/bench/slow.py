"""What R3 and R4 share: figures over a million deals, asked one at a time."""

import statistics
from collections.abc import Mapping
from itertools import repeat

from metrics_svc.service import service
from shared.auth import person_id
from tests.bench.compare import SECONDS, Progress
from tests.bench.load import drive, request
from tests.bench.million import million
from tests.bench.report import Result
from tests.bench.stage import Stage

Asked = Mapping[str, str]
"""What is asked for, with its path."""

_MOST_MS = 50
_WHO = "bench"


async def measured(stage: Stage, key: str, of: str, role: str, asked: Asked, rounds: int, progress: Progress) -> list[Result]:
    url = await million(stage, str(person_id(_WHO)), progress)
    results: list[Result] = []
    async with stage.service(service, url) as server:
        for what, path in asked.items():
            token = stage.issuer.state.issuer.token(role=role, sub=_WHO)
            sent = request("GET", path, {"Authorization": f"Bearer {token}"})
            slow, median = [], []
            for n in range(rounds + 1):
                progress(f"round {n} of {rounds}: {what}" if n else f"warming up: {what}")
                load = await drive(server.port, server.pid, [repeat(sent)], SECONDS)
                if n:
                    slow.append(load.p99 * 1e3)
                    median.append(load.p50 * 1e3)
            said = [f"{what}: p50 {statistics.median(median):.1f} ms"]
            results.append(Result(key, f"{what}, {of}, p99", "–", f"≤ {_MOST_MS} ms", slow, most=_MOST_MS, unit="ms", absolute=said))
    return results
