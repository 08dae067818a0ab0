"""Shadow tables of the projection. The live ones keep answering until the shadow tables take their place."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.schema import CreateIndex, CreateTable, SetColumnComment, SetTableComment

from metrics_svc.cells.tables import AS_OF, BUCKET, CELL, MONTH, PENDING
from metrics_svc.exports import views
from metrics_svc.fold import LANES
from metrics_svc.folding.touched import facts_of
from metrics_svc.kpi import all_measures
from metrics_svc.rebuild.versions import measures_of
from shared.db.tables import NAMING
from shared.db.tx import Reader, Tx

CELLS = (CELL, MONTH, AS_OF, BUCKET)
"""What the measures of all lanes share; their column `measure` says whose a row is."""

_UNCOUNTED = "measure <> ALL($1::text[])"


def facts(lane: str) -> list[Table]:
    """The tables of a lane's facts."""
    return [of.table for of in facts_of(lane)]


def says(table: Table) -> str:
    """The condition that a cell says anything: live ones stay when their sums come back to zero."""
    return "n <> 0" if table is BUCKET else "n <> 0 OR amount <> 0 OR us <> 0"


async def create(tx: Tx, schema: str, tables: Iterable[Table]) -> None:
    """Create empty tables like these in the schema. With it first in the search path, code that names no schema works on them."""
    shadow = MetaData(naming_convention=NAMING, schema=schema)
    for table in tables:
        made = table.to_metadata(shadow, schema=schema)
        statements: list[Any] = [CreateTable(made), *map(CreateIndex, made.indexes)]
        statements += [SetColumnComment(column) for column in made.columns if column.comment]
        statements += [SetTableComment(made)] if made.comment else []
        for statement in statements:
            await tx.execute(str(statement.compile(dialect=dialect.dialect())))  # type: ignore[no-untyped-call]


async def replace_cells(tx: Tx, table: Table, by: str, measure: str) -> None:
    """Replace the rows of this measure in a live table of cells by those of the table `by`, in the caller's transaction.

    Only what differs is written: after most changes that is little. Readers see the old rows until the commit.
    """
    names, key = table.c.keys(), table.primary_key.columns.keys()
    same, there = (" AND ".join(f"o.{n} = c.{n}" for n in of) for of in (names, key))
    gone = f"DELETE FROM public.{table.name} c WHERE c.measure = $1 AND NOT EXISTS (SELECT FROM {by} o WHERE {same})"
    await tx.execute(gone, measure)
    columns = ", ".join(f"c.{n}" for n in names)
    more = f"SELECT {columns} FROM {by} c WHERE c.measure = $1 AND NOT EXISTS (SELECT FROM public.{table.name} o WHERE {there})"
    await tx.execute(f"INSERT INTO public.{table.name} ({', '.join(names)}) {more}", measure)


async def drop_pending(tx: Tx, *lanes: str) -> None:
    """Forget what cells of months of these lanes would change by. The caller holds the lock of who sums it up."""
    of_others = [m.name for other in LANES if other not in lanes for m in measures_of(other)]
    await tx.execute(f"DELETE FROM public.{PENDING.name} WHERE measure <> ALL($1::text[])", of_others)


async def uncounted(reader: Reader) -> int:
    """How many live cells are of measures that nobody counts any more."""
    count = "SELECT count(*) FROM public.{} WHERE {} AND ({})"
    return sum([int(await reader.value(count.format(t.name, _UNCOUNTED, says(t)), list(all_measures()))) for t in CELLS])


async def drop_uncounted(tx: Tx) -> None:
    for table in CELLS:
        await tx.execute(f"DELETE FROM public.{table.name} WHERE {_UNCOUNTED}", list(all_measures()))


async def swap_facts(tx: Tx, lane: str, schema: str) -> None:
    """Replace the live tables of the lane's facts by those of the schema, in the caller's transaction, for the views of BI tools too."""
    await views.lead_over(tx, schema, facts(lane))
    for table in facts(lane):
        await tx.execute(f"DROP TABLE public.{table.name}; ALTER TABLE {schema}.{table.name} SET SCHEMA public")
    await views.renew(tx)
