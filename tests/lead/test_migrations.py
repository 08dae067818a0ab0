import asyncpg
import pytest

from clinch.run.postgres import Postgres
from lead_svc.parties.timers import TIERS
from lead_svc.service import service
from lead_svc.team.rules import MOVED
from shared import migrations, verify
from tests.harness import fresh_database


async def test_the_migrated_database_has_the_tables_of_the_code(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url)
    await migrations.check(service.migrations, service.metadata, url)


async def test_accounts_and_leads_of_an_earlier_release_are_carried_over(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url, to="0005")
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(
            "INSERT INTO account (id, name, tier, created_at, updated_at, version) VALUES (uuidv7(), $1, 'key', now(), now(), 1)",
            "ACME  \uff23o",
        )
        moved, settled = [
            await conn.fetchval(
                "INSERT INTO person (id, role, team_id, created_at, updated_at, version) "
                "VALUES (uuidv7(), 'rep', uuidv7(), now(), now(), 1) RETURNING id"
            )
            for _ in range(2)
        ]
        row = (
            "INSERT INTO lead (id, owner_id, team_id, state, grade, bant, bant_score, responses, no_response_count, reactivations, flags, "
            "created_at, updated_at, version) SELECT uuidv7(), id, CASE WHEN $2 THEN team_id ELSE uuidv7() END, 'sql', 'C', '{}', 0, 0, 0, "
            "0, '{}', now(), now(), 1 FROM person WHERE id = $1"
        )
        await conn.execute(row, moved, False)
        await conn.execute(row, settled, True)
        await migrations.upgrade(service.migrations, service.metadata, url)
        assert await conn.fetchval("SELECT compared FROM account") == "acme co"
        timers = await conn.fetch("SELECT kind, subject FROM timer ORDER BY kind")
        acme = await conn.fetchval("SELECT id FROM account")
        assert [tuple(timer) for timer in timers] == [(TIERS, acme), (MOVED, moved)]
    finally:
        await conn.close()


async def test_rows_of_long_ago_that_refer_to_nothing_stop_no_upgrade(postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    await migrations.upgrade(service.migrations, service.metadata, url, to="0008")
    conn = await asyncpg.connect(url)
    try:
        contact = (
            "INSERT INTO contact (id, account_id, name, created_at, updated_at, version) VALUES (uuidv7(), uuidv7(), 'A', now(), now(), 1)"
        )
        await conn.execute(contact)
        await migrations.upgrade(service.migrations, service.metadata, url)
        left = await conn.fetch("SELECT conname FROM pg_constraint WHERE NOT convalidated")
        assert [row["conname"] for row in left] == ["fk_contact_account_id_account"]
        assert [found.offenders async for found in verify.run(conn, verify.orphans(service.metadata))] == [1]
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await conn.execute(contact)
    finally:
        await conn.close()
