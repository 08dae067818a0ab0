"""Runs one service's revisions; metadata and URL come in `Config.attributes`, so no ini file and no global state."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_MIGRATION_LOCK = 7_201_906_113
"""Advisory lock key: one migration at a time per database."""


def run(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '10s'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
    connection.commit()
    attributes = context.config.attributes
    only = attributes.get("only")
    context.configure(
        connection=connection,
        target_metadata=attributes["metadata"],
        compare_server_default=False,
        transaction_per_migration=True,  # what one of them locks is free before the next one reads whole tables
        include_name=lambda name, kind, _: kind != "table" or only is None or name in only,
        include_object=lambda _, name, kind, *__: kind != "table" or only is None or name in only,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


async def main() -> None:
    engine = create_async_engine(context.config.attributes["url"], poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
