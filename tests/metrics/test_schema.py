"""The migrations make the schema that the tables describe."""

from clinch.run.postgres import Postgres
from metrics_svc.service import service
from shared import migrations
from tests.harness import create_tables, fresh_database
from tests.schema import constraints


async def test_migrations_make_the_schema_of_the_tables(postgres: Postgres) -> None:
    url, declared = await fresh_database(postgres), await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    await migrations.check(service.migrations, service.metadata, url)
    await create_tables(declared, service.metadata)
    assert await constraints(url) == await constraints(declared)
