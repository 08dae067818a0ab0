"""docs/bi.md on an embedded system: the role, the port of this machine, and nobody else through it."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from clinch.run.postgres import binaries
from tests.clinch.embedded import supervised
from tests.clinch.running import clinch
from tests.clinch.running import origin as origin
from tests.clinch.walk import ROOT
from tests.ports import free_port


@asynccontextmanager
async def served(environment: dict[str, str]) -> AsyncIterator[int]:
    """`clinch bi serve` on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "clinch.main", "bi", "serve", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        assert f"127.0.0.1:{port}".encode() in await process.stdout.readline()
        yield port
    finally:
        process.terminate()
        await process.wait()


async def test_a_tool_on_this_machine_reads_the_views_through_the_port(origin: tuple[str, dict[str, str]]) -> None:
    _, environment = origin
    early = await asyncio.to_thread(clinch, environment, "bi", "serve")
    assert (early.returncode, early.stderr.count("\n")) == (1, 1)
    enabled = await asyncio.to_thread(clinch, environment, "bi", "enable")
    assert enabled.returncode == 0, enabled.stdout + enabled.stderr
    (password,) = re.findall(r"^[\w-]{32}$", enabled.stdout, re.MULTILINE)
    async with served(environment) as port:
        engine = create_async_engine(f"postgresql+asyncpg://bi:{password}@127.0.0.1:{port}/metrics")
        async with engine.connect() as conn:
            assert (await conn.execute(text("SELECT count(*) FROM deals"))).scalar() == 0
        await engine.dispose()
        page = (ROOT / "docs/bi.md").read_text()
        (look,) = re.findall(r"^psql .*$", page, re.MULTILINE)
        script = look.replace("psql", str(binaries() / "psql"), 1).replace("5439", str(port))
        shown = await asyncio.to_thread(_shell, script, environment | {"PGPASSWORD": password})
        assert (shown.returncode, "What is special about it" in shown.stdout) == (0, True), shown.stderr
        for user, database, given in (
            ("postgres", "metrics", None),
            ("bi", "lead", password),
            ("bi", "postgres", password),
            ("bi", "metrics", "guessed"),
        ):
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await asyncpg.connect(host="127.0.0.1", port=port, user=user, database=database, password=given)
        await _reads_nothing_else(port, password)
    with pytest.raises(OSError, match=r".*"):
        await asyncpg.connect(host="127.0.0.1", port=port, user="bi", database="metrics", password=password)
    await _by_the_socket(environment, password)
    again = await asyncio.to_thread(clinch, environment | {"CLINCH_BI_PASSWORD": "given"}, "bi", "enable")
    assert (again.returncode, "given" in again.stdout.split()) == (0, False)
    await _by_the_socket(environment, "given")
    gone = await asyncio.to_thread(clinch, environment, "bi", "disable")
    assert (gone.returncode, gone.stdout) == (0, "The views and the role bi are gone.\n")
    assert "nothing to remove" in (await asyncio.to_thread(clinch, environment, "bi", "disable")).stdout


def _shell(script: str, environment: dict[str, str]) -> Any:
    return subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False)


async def _reads_nothing_else(port: int, password: str) -> None:
    conn = await asyncpg.connect(host="127.0.0.1", port=port, user="bi", database="metrics", password=password)
    for table in ("deal_fact", "event", "access_log"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(f"SELECT FROM public.{table}")
    await conn.close()


async def _by_the_socket(environment: dict[str, str], password: str) -> None:
    """The other way of the page; there, too, the password is asked for, and other databases are shut."""
    folder = f"{environment['CLINCH_DATA']}/postgres"
    conn = await asyncpg.connect(f"postgresql://bi@/metrics?host={folder}", password=password)
    assert await conn.fetchval("SELECT count(*) FROM leads") == 0
    await conn.close()
    for database, given in (("metrics", "guessed"), ("lead", password)):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(f"postgresql://bi@/{database}?host={folder}", password=given)


def test_without_a_running_system_it_says_what_to_do(tmp_path: Path) -> None:
    for words in (("enable",), ("disable",), ("serve",)):
        said = clinch({"PATH": "", "CLINCH_DATA": str(tmp_path / "none")}, "bi", *words)
        assert (said.returncode, said.stderr.count("\n")) == (1, 1)
        assert "clinch up" in said.stderr


def test_a_database_without_the_tables_of_figures_is_no_place_for_views(tmp_path: Path) -> None:
    with supervised(tmp_path / "data") as run:
        url = run.postgres().url("postgres")
        said = clinch({"PATH": "", "CLINCH_METRICS_DATABASE_URL": url}, "bi", "enable")
        assert (said.returncode, "no tables of facts" in said.stderr) == (1, True), said.stderr
