"""Every service's migrations make the schema that its tables describe."""

import asyncpg
import pytest

from clinch.run.postgres import Postgres
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared import migrations
from shared.process.service import Service
from tests.harness import fresh_database


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> Service:
    return load(request.param)


async def test_from_an_empty_database_they_make_the_tables_of_the_code(service: Service, postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    await migrations.check(service.migrations, service.metadata, url)


async def test_repeated_they_change_nothing(service: Service, postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    before = await schema(url)
    await migrations.upgrade(service.migrations, service.metadata, url)
    assert await schema(url) == before


async def test_a_newer_release_may_have_migrated_already(service: Service, postgres: Postgres) -> None:
    """Its predecessor stays ready while it is replaced, and may come back: it says so, and changes nothing."""
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    conn = await asyncpg.connect(url)
    await conn.execute("UPDATE alembic_version SET version_num = 'of a newer release'")
    await conn.close()
    before = await schema(url)
    await migrations.upgrade(service.migrations, service.metadata, url)
    assert (await migrations.revision(url), await schema(url)) == ("of a newer release", before)
    assert not migrations.behind(service.migrations, "of a newer release")


async def test_an_older_schema_is_behind(service: Service, postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    assert await migrations.revision(url) is None
    newest = sorted(path.name[:4] for path in service.migrations.glob("[0-9]*.py"))[-1]
    assert migrations.behind(service.migrations, None)
    assert not migrations.behind(service.migrations, newest)
    assert newest == "0001" or migrations.behind(service.migrations, "0001")


async def test_every_table_is_in_the_migrated_schema_with_its_indexes(service: Service, postgres: Postgres) -> None:
    """The comparison above leaves out what Alembic does not reflect; names are checked here by Postgres's own catalogue."""
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    indexes = {str(i.name) for table in service.metadata.sorted_tables for i in table.indexes}
    assert {t.name for t in service.metadata.sorted_tables} | indexes <= {name for name, _ in await schema(url)}


async def schema(url: str) -> list[tuple[str, str]]:
    """Tables, indexes and columns by name, with their definitions."""
    conn = await asyncpg.connect(url)
    try:
        rows = await conn.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL "
            "SELECT table_name, concat_ws(' ', column_name, data_type, is_nullable, column_default) FROM information_schema.columns "
            "WHERE table_schema = 'public' ORDER BY 1, 2"
        )
        return [(name, definition) for name, definition in rows]
    finally:
        await conn.close()
