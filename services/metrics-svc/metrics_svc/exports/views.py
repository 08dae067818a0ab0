"""The views of BI tools: one for each export of facts, in a schema of their own that is there once `clinch bi enable` has made it.

They have what the files have, of everybody: the database knows no owners and teams of whoever asks. A rebuild puts other tables in the
place of the live ones; the views are led over to them in the same transaction, and keep who may read them.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterable, Iterator

import asyncpg
import structlog
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from metrics_svc.exports.catalogue import EXPORTS
from metrics_svc.exports.export import Export
from metrics_svc.folding.table import TABLES
from shared.db.tx import Tx

SCHEMA = "bi"
ROLE = "bi"
MARK = "Clinch's views for BI tools, "
"""What the comment of the schema begins with; behind it stands what the views were made from."""
PATIENCE_SECONDS = 600.0
_TURN_SECONDS = 0.2
"""How long readers of facts may have to wait behind a rebuild that waits for a reader of a view."""

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(4710003)"

log = structlog.get_logger()


async def are_there(tx: Tx) -> bool:
    return bool(await tx.value("SELECT to_regnamespace($1) IS NOT NULL", SCHEMA))


async def make(tx: Tx) -> None:
    """Make all views, and let the role read them. The schema is there, and empty."""
    for export in EXPORTS.values():
        for statement in _statements(export):
            await tx.execute(statement)
    await tx.execute(f"COMMENT ON SCHEMA {SCHEMA} IS {quoted(MARK + _digest())}")
    if await tx.value("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", ROLE):
        await tx.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {ROLE}; GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {ROLE}")


async def renew(tx: Tx) -> None:
    """Where there are views of another release, or some are missing, make all of them as this one has them."""
    if await are_there(tx) and not await _are_current(tx):
        await tx.execute(_ONE_AT_A_TIME)
        if not await _are_current(tx):
            await drop(tx)
            await make(tx)


async def drop(tx: Tx) -> None:
    """Drop the views, with what others have made upon them."""
    for name in await _names(tx):
        await tx.execute(f"DROP VIEW IF EXISTS {SCHEMA}.{_name(name)} CASCADE")


async def lead_over(tx: Tx, schema: str, tables: Iterable[Table]) -> None:
    """Let views read the tables of this schema in place of the live ones of these names, which can go then."""
    exports = [export for export in EXPORTS.values() if TABLES[export.of].table in set(tables)]
    if not exports or not await are_there(tx):
        return
    if not await _are_current(tx):
        await drop(tx)  # `renew` makes them afterwards
        return
    await _hold([f"{SCHEMA}.{_name(export.name)}" for export in exports], tx)
    for export in exports:
        await tx.execute(_create(export, schema))


async def _are_current(tx: Tx) -> bool:
    said = await tx.value("SELECT obj_description(to_regnamespace($1), 'pg_namespace')", SCHEMA)
    return said == MARK + _digest() and set(await _names(tx)) >= EXPORTS.keys()


async def _names(tx: Tx) -> list[str]:
    rows = await tx.rows("SELECT viewname FROM pg_views WHERE schemaname = $1", SCHEMA)
    return [row["viewname"] for row in rows]


async def _hold(views: list[str], tx: Tx) -> None:
    """Hold everybody out of these views and their tables.

    Whoever reads a view for long is waited for without standing in the way of others: tries are short, with pauses between.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            async with tx.savepoint():
                await tx.execute(f"SET LOCAL lock_timeout = '{_TURN_SECONDS}s'; LOCK TABLE {', '.join(views)} IN ACCESS EXCLUSIVE MODE")
        except asyncpg.LockNotAvailableError:
            if time.monotonic() > until:
                raise
            log.info("views_in_use", service="metrics-svc", hint="somebody reads them; waiting")
            await asyncio.sleep(1)
        else:
            await tx.execute("SET LOCAL lock_timeout = 0")
            return


def _statements(export: Export) -> Iterator[str]:
    yield _create(export, "public")
    name = f"{SCHEMA}.{_name(export.name)}"
    yield f"COMMENT ON VIEW {name} IS {quoted(f'{export.says}. Version {export.version}.')}"
    for column in export.schema:
        yield f"COMMENT ON COLUMN {name}.{_name(column.name)} IS {quoted(column.says)}"


def _create(export: Export, schema: str) -> str:
    made = export.select.compile(
        dialect=dialect.dialect(),  # type: ignore[no-untyped-call]
        schema_translate_map={None: schema},
        render_schema_translate=True,
        compile_kwargs={"literal_binds": True},
    )
    return f"CREATE OR REPLACE VIEW {SCHEMA}.{_name(export.name)} AS {made}"


def _digest() -> str:
    text = "\n".join(statement for export in EXPORTS.values() for statement in _statements(export))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """The text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
