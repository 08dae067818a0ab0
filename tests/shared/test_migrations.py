"""Every service's migrations make the schema that its tables describe."""

import re
import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from clinch.run.postgres import Postgres
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared import migrations
from shared.db.tables import NAMING
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
    await conn.execute("DELETE FROM alembic_version")
    await conn.execute("INSERT INTO alembic_version VALUES ('newer')")
    await conn.close()
    before = await schema(url)
    await migrations.upgrade(service.migrations, service.metadata, url)
    assert (await migrations.revision(url), await schema(url)) == ("newer", before)
    assert not migrations.behind(service.migrations, "newer")


async def test_an_older_schema_is_behind(service: Service, postgres: Postgres) -> None:
    url = await fresh_database(postgres)
    assert await migrations.revision(url) is None
    assert migrations.behind(service.migrations, None)
    assert migrations.behind(service.migrations, "0001")
    await migrations.upgrade(service.migrations, service.metadata, url)
    assert not migrations.behind(service.migrations, await migrations.revision(url))


async def test_a_new_revision_has_an_id_and_a_name_that_no_other_branch_takes(postgres: Postgres, tmp_path: Path) -> None:
    """Two branches that both add one collide in neither; who merges them puts one behind the other by its `down_revision`."""
    service = load("deal")
    url = await fresh_database(postgres)
    copy = shutil.copytree(service.migrations, tmp_path / "migrations")
    await migrations.upgrade(copy, service.metadata, url)
    at = await migrations.revision(url)
    assert at is not None
    await migrations.revise(copy, service.metadata, url, "Add a note")
    (added,) = {path.name for path in copy.glob("*.py")} - {path.name for path in service.migrations.glob("*.py")}
    assert re.fullmatch(r"\d{8}_\d{4}_add_a_note\.py", added)
    assert re.search(
        rf"^revision = '[0-9a-f]{{12}}'\ndown_revision = '(?:{at.replace(' ', '|')})'$", (copy / added).read_text(), re.MULTILINE
    )


async def test_a_database_of_any_earlier_revision_comes_over(service: Service, postgres: Postgres) -> None:
    for earlier in ("0001", "0004"):
        url = await fresh_database(postgres)
        await migrations.upgrade(service.migrations, service.metadata, url, to=earlier)
        assert await migrations.revision(url) == earlier  # those steps of the plumbing that it rests on are part of it
        await migrations.upgrade(service.migrations, service.metadata, url)
        await migrations.check(service.migrations, service.metadata, url)


async def test_a_change_of_the_plumbing_is_one_file_that_every_database_gets(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = load("deal")
    url = await fresh_database(postgres)
    copy = shutil.copytree(service.migrations, tmp_path / "migrations")
    await migrations.upgrade(copy, service.metadata, url)
    at = await migrations.revision(url)
    assert at is not None

    plumbing = shutil.copytree(migrations._PLUMBING, tmp_path / "plumbing")
    monkeypatch.setattr(migrations, "_PLUMBING", plumbing)
    metadata = MetaData(naming_convention=NAMING)
    for table in service.metadata.sorted_tables:
        table.to_metadata(metadata)
    metadata.tables["lease"].append_column(Column("note", Text))
    metadata.tables["lease"].append_column(Column("since", Text))
    Table("extra", metadata, Column("id", Integer, primary_key=True))
    files = {*plumbing.glob("*.py")}
    migrations._script.cache_clear()
    await migrations.revise(copy, metadata, url, "Note leases", plumbing=True)
    (added,) = {*plumbing.glob("*.py")} - files
    assert "since" in added.read_text()
    assert "extra" not in added.read_text()  # is the service's, and has no place in everybody's migrations

    forget(migrations)
    assert migrations.behind(copy, at)
    await migrations.upgrade(copy, metadata, url)
    both = await migrations.revision(url)
    assert both is not None
    assert (len(both.split()), len({*at.split()} & {*both.split()})) == (2, 1), "one of the service, and now another of the plumbing"
    assert not migrations.behind(copy, both)
    await migrations.revise(copy, metadata, url, "Add the extra table")
    forget(migrations)
    assert migrations.behind(copy, both)
    await migrations.upgrade(copy, metadata, url)
    await migrations.check(copy, metadata, url)
    new = await fresh_database(postgres)
    await migrations.upgrade(copy, metadata, new)
    assert (await migrations.revision(new), await schema(new)) == (await migrations.revision(url), await schema(url))
    forget(migrations)


def forget(module: Any) -> None:
    """What it keeps of the files that it has read."""
    for kept in (module._script, module._revisions, module.behind):
        kept.cache_clear()


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
