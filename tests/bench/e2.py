"""E2: events a second through metrics-svc's consumer, with exactly-once effect, against UNNEST upserts of the rows they fold to."""

import statistics
from time import perf_counter
from typing import Any

import asyncpg
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from metrics_svc.cells.tables import BUCKET, CELL
from metrics_svc.fold import LANES
from metrics_svc.folding.table import TABLES
from metrics_svc.service import service
from shared.process import heap
from tests.bench.compare import Progress
from tests.bench.consuming import consumed
from tests.bench.events import messages_of
from tests.bench.report import Result
from tests.bench.stage import Stage

_WARM = 500
_SIZES = (1_000, 20_000)


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    rates: dict[int, list[float]] = {}
    upserts: list[float] = []
    for size in _SIZES:
        warm, messages = messages_of(_WARM, "warm"), messages_of(size, "bench")
        heap.settle()
        rates[size] = []
        for n in range(1, rounds + 1):
            progress(f"round {n} of {rounds}: {len(messages):,} events")
            url = await stage.database(service)
            rates[size].append(len(messages) / await consumed(url, "metrics", LANES["sales"].fold, warm, messages))
            if size == _SIZES[-1]:
                progress(f"round {n} of {rounds}: the same rows by one upsert a table")
                upserts.append(len(messages) / await _upsert(url, await stage.database(service)))
    few, many = _SIZES
    growth = [b / a for a, b in zip(rates[few], rates[many], strict=True)]
    by_hand = f"one upsert a table: {statistics.median(upserts):,.0f} events/s, without reading, folding or remembering what was seen"
    return [
        Result(
            "E2",
            "projection with exactly-once effect",
            "one UNNEST upsert of the same folded rows",
            "≥ 50,000 events/s",
            rates[many],
            least=50_000,
            unit="events/s",
            absolute=[f"metrics-svc: {statistics.median(rates[many]):,.0f} events/s, in one process", by_hand],
        ),
        Result("E2", f"projection of {many:,} events", f"itself with {few:,}", "≥ 0.77", growth, least=0.77),
    ]


async def _upsert(source: str, target: str) -> float:
    """Seconds to write what the projection made, without reading, folding, or counting anything: each table by one statement."""
    given, into = await asyncpg.connect(source), await asyncpg.connect(target)
    try:
        work = [await _statement(given, table) for table in (*(fact.table for fact in TABLES.values()), CELL, BUCKET)]
        started = perf_counter()
        async with into.transaction():
            for statement, columns in work:
                await into.execute(statement, *columns)
        return perf_counter() - started
    finally:
        await given.close()
        await into.close()


async def _statement(conn: Any, table: Table) -> tuple[str, list[list[Any]]]:
    """The upsert of all rows of a table, and its arguments: one list per column. JSON goes as text."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = {c.name: str(c.type.compile(dialect=dialect)).partition(" COLLATE")[0] for c in table.c}
    lists = ", ".join(f"${n}::{'TEXT' if kind == 'JSONB' else kind}[]" for n, kind in enumerate(kinds.values(), 1))
    picked = ", ".join(f"{name}::{kind}" for name, kind in kinds.items())
    names, key = ", ".join(kinds), [c.name for c in table.primary_key]
    changed = ", ".join(f"{name} = excluded.{name}" for name in kinds if name not in key)
    statement = (
        f"INSERT INTO {table.name} ({names}) SELECT {picked} FROM unnest({lists}) AS given({names})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"
    )
    rows = await conn.fetch(f"SELECT {names} FROM {table.name}")
    return statement, [[row[name] for row in rows] for name in kinds]
