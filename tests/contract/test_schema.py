"""The migrations make the schema that the tables describe."""

from clinch.run.postgres import Postgres
from contract_svc.service import service
from shared import migrations
from tests.harness import fresh_database


async def test_migrations_make_the_schema_of_the_tables(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    await migrations.check(service.migrations, service.metadata, url)
