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
        assert tuple(await conn.fetchrow("SELECT name, version, owner_id FROM party_account")) == ("Acme", 0, None)
        assert await conn.fetchval("SELECT array_agg(topic) FROM consumer_offset") == ["clinch.lead.events.v1"]
    finally:
        await conn.close()


async def test_the_directory_begins_with_the_accounts_that_were_known(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url, to="c83d5b17f0e9")
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(
            "INSERT INTO account_name (id, name, region, owner_id, owner_known, told_version) "
            "VALUES (uuidv7(), 'Acme', 'east', uuidv7(), true, 7), (uuidv7(), 'Bolt', NULL, NULL, false, 3)"
        )
        for reader in ("deal-accounts", "deal-names", "deal-parts"):
            await conn.execute("INSERT INTO consumer_offset VALUES ($1, 'clinch.account.events.v1', 0, 9)", reader)
        await migrations.upgrade(service.migrations, service.metadata, url)
        known = await conn.fetch(
            "SELECT p.name, p.version, p.region, p.owner_id = a.owner_id FROM party_account p JOIN account_name a USING (id)"
        )
        assert sorted(map(tuple, known)) == [("Acme", 7, "east", True), ("Bolt", 0, None, None)]
        stand = dict(await conn.fetch("SELECT consumer, next FROM consumer_offset"))
        assert stand == {"deal-accounts": 2**63 - 1, "deal-names": 2**63 - 1, "deal-parts": 9}, "the two that are gone read no more"
    finally:
        await conn.close()
