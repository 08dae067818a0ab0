"""A million deals and three million leads in metrics-svc: some folded from events, and copied to other days, owners, teams and products."""

import asyncpg
from sqlalchemy import DateTime, Table, Uuid

from metrics_svc.cells.months import keep_months
from metrics_svc.fold import LANES
from metrics_svc.folding.table import TABLES
from metrics_svc.rebuild.cells import recompute_cells
from metrics_svc.service import service
from shared.auth import SYSTEM
from shared.clock import utcnow
from shared.db.context import Context
from tests.bench.compare import Progress
from tests.bench.consuming import consumed, opened
from tests.bench.events import messages_of
from tests.bench.stage import Stage, run_sql

DEALS = 1_000_000
_FOLDED = 1_000
_DAYS = 700
_TEAMS = 10
"""Of twenty owners each: who leads one of them sees a tenth."""

_OWNER, _TEAM = f"md5(owner_id::text || copy % {_TEAMS})::uuid", f"md5('team ' || copy % {_TEAMS})::uuid"
_OTHERS = {"product": "'product-' || copy % 8", "region": "'region-' || (copy / 8) % 6"}
_ROSTER = [
    "INSERT INTO roster (person_id, role, team_id, team_path, version) VALUES ('{manager}', 'manager', md5('team 0')::uuid,"
    " ARRAY[md5('sales')::uuid, md5('team 0')::uuid], 1)",
    "INSERT INTO roster (person_id, role, team_id, team_path, version) SELECT DISTINCT ON (owner_id) owner_id, 'rep', team_id,"
    " ARRAY[md5('sales')::uuid, team_id], 1 FROM outcome_fact",
]

_filled: dict[int, str] = {}


async def million(stage: Stage, manager: str, progress: Progress) -> str:
    """The URL of the database. It is filled once for all who ask in the same run."""
    if id(stage) not in _filled:
        progress(f"{DEALS:,} deals")
        url = await stage.database(service)
        await consumed(url, "metrics", LANES["sales"].fold, [], messages_of(_FOLDED * 10, "bench"))
        indexes = await _indexes(url)
        await run_sql(url, *[f"DROP INDEX {name}" for name, _ in indexes])
        await run_sql(url, *[_copied(fact.table) for fact in TABLES.values()])
        await run_sql(url, *[made for _, made in indexes], *[roster.format(manager=manager) for roster in _ROSTER])
        progress("cells")
        async with opened(url) as db, db.begin(Context(service.name, SYSTEM, utcnow(), "bench")) as tx:
            await tx.execute("SET LOCAL statement_timeout = 0")
            await recompute_cells(tx)
            await keep_months(tx)
        await run_sql(url, "VACUUM ANALYZE")
        _filled[id(stage)] = url
    return _filled[id(stage)]


async def _indexes(url: str) -> list[tuple[str, str]]:
    """The indexes of facts besides their keys: they are made again when all is there."""
    conn = await asyncpg.connect(url)
    try:
        found = await conn.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY($1) AND indexname LIKE 'ix_%'",
            [fact.table.name for fact in TABLES.values()],
        )
        return [(row["indexname"], row["indexdef"]) for row in found]
    finally:
        await conn.close()


def _copied(table: Table) -> str:
    """As in r2.py, and by a number of owners, teams, products and regions."""

    def other(name: str) -> str:
        kind = table.c[name].type
        if name.endswith("owner_id"):
            return _OWNER.replace("owner_id", name)
        if name.endswith("team_id"):
            return _TEAM
        if isinstance(kind, Uuid):
            return f"md5({name}::text || copy)::uuid"
        if isinstance(kind, DateTime):
            return f"{name} + copy * 37 % {_DAYS} * interval '1 day'"
        return _OTHERS.get(name, name)

    names = table.c.keys()
    picked = ", ".join(other(name) for name in names)
    copies = DEALS // _FOLDED - 1
    return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {picked} FROM {table.name}, generate_series(1, {copies}) AS copy"
