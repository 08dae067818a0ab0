"""The migrations make the schema that the tables describe."""

from deal_svc.service import service
from shared import migrations
from shared.postgres import Postgres
from shared.testing import fresh_database


async def test_the_migrated_database_is_what_the_code_expects(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    await migrations.check(service.migrations, service.metadata, url)
