"""The migrations make the schema that the tables describe."""

import asyncpg

from clinch.run.postgres import Postgres
from deal_svc.service import service
from shared import migrations
from tests.harness import create_tables, fresh_database
from tests.schema import constraints


async def test_the_migrated_database_is_what_the_code_expects(postgres: Postgres) -> None:
    url, declared = await fresh_database(postgres), await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    await migrations.check(service.migrations, service.metadata, url)
    await create_tables(declared, service.metadata)
    assert await constraints(url) == await constraints(declared)


async def test_accounts_of_an_earlier_release_are_read_again_for_their_owners(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url, to="0002")
    conn = await asyncpg.connect(url)
    try:
        await conn.execute("INSERT INTO account_name (id, name) VALUES (uuidv7(), 'Acme')")
        await conn.execute("INSERT INTO consumer_seen SELECT 'deal-svc', id, 7 FROM account_name")
        for topic in ("account", "lead"):
            await conn.execute("INSERT INTO consumer_offset VALUES ('deal-svc', $1, 0, 9)", f"clinch.{topic}.events.v1")
        await migrations.upgrade(service.migrations, service.metadata, url)
        kept = await conn.fetchrow("SELECT name, owner_known, told_version FROM account_name")
        assert tuple(kept) == ("Acme", False, 7)
        assert await conn.fetchval("SELECT array_agg(topic) FROM consumer_offset") == ["clinch.lead.events.v1"]
    finally:
        await conn.close()
