from lead_svc.service import service
from shared import migrations
from shared.postgres import Postgres
from shared.testing import fresh_database


async def test_the_migrated_database_has_the_tables_of_the_code(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    await migrations.check(service.migrations, service.metadata, url)
