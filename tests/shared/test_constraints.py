"""Constraints for tables that hold rows already: validated where all rows keep them, and never in the way of an upgrade."""

from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import MetaData

from clinch.run.postgres import Postgres
from shared import migrations
from tests.harness import fresh_database
from tests.schema import constraints

_REVISION = """
from alembic import op
from shared.migrations.constraints import add_check, add_reference, validate

revision = "{name}"
down_revision = {after}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {does}
"""
_STEPS = {
    "tables": 'op.execute("CREATE TABLE parent (id int PRIMARY KEY, age int)"); op.execute("CREATE TABLE child (id int, parent_id int)")',
    "added": 'add_check("parent", "age", "age >= 0"); add_reference("child", "parent_id", to="parent")',
    "validated": 'validate("parent", "child")',
}


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    for place, (name, does) in enumerate(_STEPS.items()):
        after = repr(list(_STEPS)[place - 1]) if place else None
        (tmp_path / f"{name}.py").write_text(_REVISION.format(name=name, after=after, does=does))
    return tmp_path


async def _upgraded(versions: Path, postgres: Postgres, rows: str) -> tuple[str, dict[str, str]]:
    url = await fresh_database(postgres)
    await migrations.upgrade(versions, MetaData(), url, to="tables")
    conn = await asyncpg.connect(url)
    await conn.execute(rows)
    await conn.close()
    await migrations.upgrade(versions, MetaData(), url, to="validated")
    return url, await constraints(url)


async def test_rows_that_keep_them_are_held_to_them(versions: Path, postgres: Postgres) -> None:
    _, held = await _upgraded(versions, postgres, "INSERT INTO parent VALUES (1, 0); INSERT INTO child VALUES (1, 1), (2, NULL)")
    assert held == {
        "child fk_child_parent_id_parent": "FOREIGN KEY (parent_id) REFERENCES parent(id)",
        "parent ck_parent_age": "CHECK ((age >= 0))",
    }


async def test_old_rows_that_break_them_stop_no_upgrade_and_new_ones_are_refused(
    versions: Path, postgres: Postgres, capfd: pytest.CaptureFixture[str]
) -> None:
    url, held = await _upgraded(versions, postgres, "INSERT INTO parent VALUES (1, -1); INSERT INTO child VALUES (1, 7)")
    assert all(says.endswith("NOT VALID") for says in held.values())
    said = capfd.readouterr().out
    assert "ck_parent_age: some rows of parent break it" in said
    assert "fk_child_parent_id_parent: some rows of child break it" in said
    conn = await asyncpg.connect(url)
    with pytest.raises(asyncpg.CheckViolationError):
        await conn.execute("INSERT INTO parent VALUES (2, -1)")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await conn.execute("INSERT INTO child VALUES (2, 8)")
    await conn.close()
