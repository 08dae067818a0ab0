"""R2: the funnel and a KPI over a year, with 10,000 deals and with ten times as many: figures are read from cells, whose number is bounded
by days and dimensions."""

import statistics
from itertools import repeat

from sqlalchemy import DateTime, Table, Uuid

from metrics_svc.fold import LANES
from metrics_svc.folding.table import TABLES
from metrics_svc.rebuild.cells import recompute_cells
from metrics_svc.service import service
from shared.auth import SYSTEM
from shared.clock import utcnow
from shared.db.context import Context
from tests.bench.compare import SECONDS, Progress
from tests.bench.consuming import consumed, opened
from tests.bench.events import messages_of
from tests.bench.load import Load, drive, request
from tests.bench.report import Result
from tests.bench.stage import Server, Stage, run_sql

_FEW, _MANY = 10_000, 100_000
_COPIES = 100
"""So much of the year either way: a part of the deals is folded from events, three leads to each, and copied to other days."""
_DAYS = 340
_PATHS = {
    "the funnel of a year": "/v1/metrics/funnel?from=2025-01-01&to=2026-01-01",
    "the win rate of a year": "/v1/metrics/kpis/win_rate?from=2025-01-01&to=2026-01-01",
}


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    few, many = await stage.database(service), await stage.database(service)
    for url, deals in ((few, _FEW), (many, _MANY)):
        progress(f"{deals:,} deals")
        await _fill(url, deals)
    results: list[Result] = []
    async with stage.service(service, few) as small, stage.service(service, many) as large:
        for what, path in _PATHS.items():
            asked = request("GET", path, {"Authorization": f"Bearer {stage.token('director')}"})
            loads: dict[int, list[Load]] = {_FEW: [], _MANY: []}
            for n in range(rounds + 1):
                sides: list[tuple[int, Server]] = [(_FEW, small), (_MANY, large)]
                for deals, server in sides if n % 2 else sides[::-1]:
                    progress(f"round {n} of {rounds}: {what}, {deals:,} deals" if n else f"warming up: {deals:,} deals")
                    load = await drive(server.port, server.pid, [repeat(asked)], SECONDS)  # one at a time: nobody waits in line
                    if n:
                        loads[deals].append(load)
            results += _compared(what, loads)
    return results


def _compared(what: str, loads: dict[int, list[Load]]) -> list[Result]:
    growth = [b.p50 / a.p50 for a, b in zip(loads[_FEW], loads[_MANY], strict=True)]
    slow = [load.p99 * 1e3 for load in loads[_MANY]]
    said = [f"{what}, {deals:,} deals: p50 {statistics.median(x.p50 for x in found) * 1e3:.1f} ms" for deals, found in loads.items()]
    return [
        Result("R2", f"{what}, {_MANY:,} deals", f"itself with {_FEW:,}", "≤ 1.30", growth, most=1.3, absolute=said),
        Result("R2", f"{what}, {_MANY:,} deals, p99", "–", "≤ 10 ms", slow, most=10, unit="ms"),
    ]


async def _fill(url: str, deals: int) -> None:
    await consumed(url, "metrics", LANES["sales"].fold, [], messages_of(deals // _COPIES * 10, "bench"))
    await run_sql(url, *[_copied(fact.table) for fact in TABLES.values()])
    async with opened(url) as db, db.begin(Context(service.name, SYSTEM, utcnow(), "bench")) as tx:
        await recompute_cells(tx)
    await run_sql(url, "VACUUM ANALYZE")


def _copied(table: Table) -> str:
    """Each row `_COPIES` times: whom it belongs to stays, what it is gets other ids, and everything happens on other days."""

    def other(name: str) -> str:
        kind = table.c[name].type
        if isinstance(kind, Uuid) and not name.endswith(("owner_id", "team_id")):
            return f"md5({name}::text || copy)::uuid"
        return f"{name} + copy * 37 % {_DAYS} * interval '1 day'" if isinstance(kind, DateTime) else name

    names = table.c.keys()
    picked = ", ".join(other(name) for name in names)
    return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {picked} FROM {table.name}, generate_series(1, {_COPIES - 1}) AS copy"
