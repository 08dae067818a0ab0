"""The views of BI tools and their role: what they show, whom they keep out, and that a rebuild does not disturb who reads them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from clinch.run.postgres import Postgres
from metrics_svc.exports import role, views
from metrics_svc.exports.catalogue import EXPORTS
from metrics_svc.rebuild.log import rebuild
from metrics_svc.service import service
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.db.tx import Tx
from tests.harness import Running, SteppedClock, create_tables, drop_database, fresh_database, running, running_on
from tests.metrics.histories import random_world
from tests.metrics.logged import current, logged, publish
from tests.metrics.told import Deal, events_of, hear, kpi, on

PASSWORD = "a password with 'quotes' and ü"


@pytest.fixture
def guarded(postgres: Postgres) -> Any:
    """The session's Postgres trusts whoever connects; the role of BI tools has to show its password there, too."""
    hba = postgres.data / "pg_hba.conf"
    before = hba.read_text()
    hba.write_text(f"local all bi scram-sha-256\n{before}")
    yield
    hba.write_text(before)


@pytest_asyncio.fixture(scope="function")
async def bi(postgres: Postgres, guarded: Any) -> AsyncIterator[Running]:
    async with running(service, postgres) as svc:
        async with svc.db.connection() as conn:
            await conn.execute("SELECT pg_reload_conf()")
        async with svc.transaction() as tx:
            assert await role.enable(tx, PASSWORD)
        try:
            yield svc
        finally:
            async with svc.transaction() as tx:
                await role.disable(tx)


@asynccontextmanager
async def reading(svc: Running, password: str = PASSWORD, user: str = "postgres") -> AsyncIterator[Any]:
    """A connection of a BI tool, where the service's own is of this user."""
    conn = await asyncpg.connect(svc.settings.database_url.replace(f"{user}@", "bi@"), password=password)
    try:
        yield conn
    finally:
        await conn.close()


async def test_the_views_have_the_rows_and_columns_of_the_files(bi: Running) -> None:
    await hear(bi, events_of(random_world(1).stories))
    async with reading(bi) as conn:
        for name, export in EXPORTS.items():
            columns = await conn.fetch(
                "SELECT column_name, col_description(format('bi.%I', table_name)::regclass, ordinal_position::int) AS says "
                "FROM information_schema.columns WHERE table_schema = 'bi' AND table_name = $1 ORDER BY ordinal_position",
                name,
            )
            assert [tuple(row) for row in columns] == [(column.name, column.says) for column in export.schema]
        won = await conn.fetchval(
            "SELECT sum(amount) FILTER (WHERE kind = 'won') - sum(amount) FILTER (WHERE kind = 'reversed') FROM deal_outcomes"
        )
        assert format(round(won, 2), "f") == (await kpi(bi, "win_rate_value"))["parts"]["won"]
        assert await conn.fetchval("SELECT count(*) FROM leads") == (await kpi(bi, "leads_captured"))["n"]
        assert await conn.fetchval("SELECT obj_description('bi.deals'::regclass)") == "Every deal as it is now. Version 1."


async def test_the_role_reads_the_views_and_nothing_else(bi: Running) -> None:
    """With a real login: no table, no personal data, no change, and no way round by a function or another role."""
    async with bi.db.connection() as conn:
        tables = [row["tablename"] for row in await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert {"access_log", "event", "deal_fact", "roster"} <= set(tables)
    async with reading(bi) as conn:
        await conn.execute("SET default_transaction_read_only = off")
        for table in tables:
            for statement in ("SELECT FROM {}", "INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await conn.execute(statement.format(f"public.{table}"))
        for statement in (
            "DELETE FROM bi.deals",
            "UPDATE bi.deals SET stage = 'won'",
            "DROP VIEW bi.deals",
            "CREATE TABLE bi.mine (n int)",
            "CREATE TABLE public.mine (n int)",
            "SET ROLE postgres",
            "COPY bi.deals TO PROGRAM 'cat'",
            "SELECT pg_read_file('pg_hba.conf')",
            "SELECT rolpassword FROM pg_authid",
            "CREATE ROLE another",
        ):
            with pytest.raises(
                (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.WrongObjectTypeError)
            ):
                await conn.execute(statement)
        shown = await conn.fetch(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema <> 'information_schema'"
        )
        assert {row["table_name"] for row in shown if row["table_schema"] != "pg_catalog"} == {*EXPORTS}


async def test_no_view_has_a_column_with_personal_data(bi: Running) -> None:
    """Events hold none, so facts cannot: what people wrote and who customers are stays in the services that were told."""
    text = {column.name for export in EXPORTS.values() for column in export.schema if column.type == "string"}
    known = {"external_id", "kind", "line", "stage", "flags", "grade", "direction", "left_to", "record", "name", "tier", "skipped_gates"}
    assert text - known == {"source", "product", "region", "campaign", "deal_kind", "medium"}


async def test_only_who_knows_the_password_gets_in_and_a_new_one_takes_its_place(bi: Running) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        async with reading(bi, "another"):
            pass
    async with bi.transaction() as tx:
        await tx.execute("ALTER ROLE bi SET statement_timeout = '5min'")
        assert await role.enable(tx, "new")
    with pytest.raises(asyncpg.InvalidPasswordError):
        async with reading(bi):
            pass
    async with reading(bi, "new") as conn:
        assert await conn.fetchval("SELECT count(*) FROM deals") == 0
        assert await conn.fetchval("SHOW statement_timeout") == "5min"  # what an administrator chose stays
        assert await conn.fetchval("SHOW default_transaction_read_only") == "on"


async def test_a_rebuild_does_not_disturb_who_reads(bi: Running) -> None:
    """The connection stays, its prepared statements stay, and so does what it may read; its figures are whole all the time."""
    async with logged(bi) as bus:
        heard = events_of(random_world(1).stories)
        await hear(bi, heard)
        await publish(bi, bus, heard)
        async with reading(bi) as conn:
            counted = await conn.prepare("SELECT count(*) FROM deal_outcomes JOIN deals ON deals.id = deal_id")
            before = await counted.fetchval()
            assert before > 0
            seen, done = set[int](), asyncio.Event()

            async def look() -> None:
                while not done.is_set():
                    seen.add(await counted.fetchval())

            looking = asyncio.create_task(look())
            for _ in range(3):
                await rebuild(bi.db, bus, bi.settings)
            done.set()
            await looking
            assert seen == {before}
            assert await conn.fetchval("SELECT count(*) FROM leads") > 0
            assert await conn.fetchval("SELECT col_description('bi.deals'::regclass, 1)") == "The deal"


async def test_a_rebuild_waits_for_a_long_reader_and_lets_others_read_meanwhile(bi: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async with logged(bi) as bus:
        heard = events_of([Deal("one").opened(on(0)).won(on(3), amount=5)])
        await hear(bi, heard)
        await publish(bi, bus, heard)
        async with reading(bi) as conn:
            reader = conn.transaction()
            await reader.start()
            assert await conn.fetchval("SELECT count(*) FROM deals") == 1
            rebuilding = asyncio.create_task(rebuild(bi.db, bus, bi.settings))
            for _ in range(5):
                assert (await kpi(bi, "win_rate"))["value"] == 1.0
                await asyncio.sleep(0.2)
            assert not rebuilding.done()
            assert await conn.fetchval("SELECT count(*) FROM deals") == 1
            await reader.rollback()
            assert await rebuilding > 0
            assert await conn.fetchval("SELECT count(*) FROM deals") == 1


async def test_a_release_with_other_columns_makes_the_views_again_with_who_may_read_them(bi: Running) -> None:
    """As when an older release has made them: another column, one view missing."""
    async with bi.db.connection() as conn:
        await conn.execute("DROP VIEW bi.deals; CREATE VIEW bi.deals AS SELECT 1 AS gone; DROP VIEW bi.leads; DROP VIEW bi.quotes")
        await conn.execute(f"COMMENT ON SCHEMA bi IS {views.quoted(views.MARK + 'older')}")
    await current(bi)
    await hear(bi, events_of([Deal("one").opened(on(0))]))
    async with reading(bi) as conn:
        for name in EXPORTS:
            await conn.execute(f"SELECT FROM {name}")
        assert await conn.fetchval("SELECT count(*) FROM deals WHERE stage = 'discovery'") == 1


async def test_disabled_it_is_gone_and_nobody_is_connected(bi: Running) -> None:
    async with reading(bi) as conn:
        async with bi.transaction() as tx:
            assert await role.disable(tx)
        with pytest.raises((asyncpg.PostgresError, OSError, asyncpg.InterfaceError)):
            await conn.fetchval("SELECT count(*) FROM deals")
    with pytest.raises(asyncpg.PostgresError):
        async with reading(bi):
            pass
    async with bi.transaction() as tx:
        assert not await role.disable(tx)
        assert not await views.are_there(tx)
    async with logged(bi) as bus:
        await rebuild(bi.db, bus, bi.settings)


async def test_what_somebody_else_made_is_left_alone(svc: Running) -> None:
    async with svc.db.connection() as conn:
        await conn.execute("CREATE SCHEMA bi; CREATE TABLE bi.theirs (n int)")
    with pytest.raises(role.NotPossible, match="which Clinch did not make"):
        async with svc.transaction() as tx:
            await role.enable(tx, PASSWORD)
    async with svc.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM bi.theirs") == 0
        assert not await conn.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bi')")


async def test_the_service_needs_no_rights_beyond_its_own_tables(postgres: Postgres, guarded: Any) -> None:
    """An administrator makes the role; afterwards the service's own user leads the views over in a rebuild."""
    url = await fresh_database(postgres)
    admin = await asyncpg.connect(url)
    await admin.execute("CREATE ROLE plain LOGIN; SELECT pg_reload_conf()")
    await admin.execute(
        f"ALTER DATABASE {await admin.fetchval('SELECT current_database()')} OWNER TO plain; GRANT ALL ON SCHEMA public TO plain"
    )
    own = url.replace("postgres@", "plain@")
    await create_tables(own, service.metadata)
    settings = service.settings(env="test", database_url=own, bus_url=url, issuer="http://issuer.test", log_level="error")
    try:
        async with running_on(service, settings, SteppedClock(on(100))) as svc:
            with pytest.raises(role.NotPossible, match="name one who may"):
                async with svc.transaction() as tx:
                    await role.enable(tx, PASSWORD)
            tx = Tx(admin, Context("metrics-svc", SYSTEM, on(100), "test"), settings)
            async with admin.transaction():
                assert await role.enable(tx, PASSWORD)
            heard = events_of([Deal("one").opened(on(0)).won(on(3), amount=5)])
            async with logged(svc) as bus, reading(svc, user="plain") as conn:
                await hear(svc, heard)
                await publish(svc, bus, heard)
                for _ in range(2):
                    await rebuild(svc.db, bus, settings)
                    assert await conn.fetchval("SELECT sum(amount) FROM deal_outcomes") == 5
            async with admin.transaction():
                assert await role.disable(tx)
    finally:
        await admin.close()
        await drop_database(postgres, url)
        admin = await asyncpg.connect(postgres.url("postgres"))
        await admin.execute("DROP ROLE plain")
        await admin.close()
