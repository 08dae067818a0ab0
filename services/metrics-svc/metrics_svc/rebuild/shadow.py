"""Shadow tables of the projection. The live ones keep answering until the shadow tables take their place."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.schema import CreateIndex, CreateTable, SetColumnComment, SetTableComment

from metrics_svc.cells.tables import BUCKET, CELL
from metrics_svc.folding.table import TABLES as FACT_TABLES
from shared.db.tables import NAMING
from shared.db.tx import Tx

TABLES: list[Table] = [*[f.table for f in FACT_TABLES.values()], CELL, BUCKET]


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


async def swap(tx: Tx, schema: str) -> None:
    """Replace the live tables of the projection by those of the schema, in the caller's transaction."""
    for table in TABLES:
        await tx.execute(f"DROP TABLE public.{table.name}; ALTER TABLE {schema}.{table.name} SET SCHEMA public")
