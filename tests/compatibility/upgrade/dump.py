"""A data folder of an earlier release: made from a dump, brought over as `clinch up` does it, and asked."""

import asyncio
import json
import lzma
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import asyncpg

from clinch.run.arguments import Arguments
from clinch.run.folder import DataFolder
from clinch.run.postgres import Postgres, binaries
from clinch.run.services import load
from clinch.run.settings import DATABASES, SERVICES, Embedded
from clinch.run.supervisor import COMMANDS
from shared import migrations
from tests.flow.system import System, at_work
from tests.harness import SteppedClock, running_on

BEFORE_IT_READS = "LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"
"""Keeps the process that migrates between two services."""
BEFORE_IT_STAMPS = "LOCK TABLE alembic_version IN SHARE MODE"
"""Keeps it where a service's first new revision has been done, and nothing of it is committed."""
_WAITS = """
SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


@dataclass(frozen=True)
class Dump:
    """`kept` is a folder that make_dump.py wrote."""

    kept: Path
    server: Postgres

    @cached_property
    def run(self) -> Embedded:
        """The server of the tests as that of a data folder."""
        return Embedded(DataFolder(self.server.data.parent), 0)

    @cached_property
    def answered(self) -> Any:
        """What the earlier release answered."""
        return json.loads(lzma.decompress((self.kept / "answers.json.xz").read_bytes()))

    @property
    def made_at(self) -> datetime:
        return next(filter(None, map(told_at, self.answered["answers"].values())))

    def restore(self) -> None:
        """Keep the databases as they were, to make folders from."""
        command = [binaries() / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", self.server.url("postgres")]
        sql = lzma.decompress((self.kept / "databases.sql.xz").read_bytes())
        # Answers are kept for a day, and these are older.
        fresh = "".join(f"\\connect {name}\nUPDATE idempotency SET created_at = now();\n" for name in SERVICES)
        renamed = "\\connect postgres\n" + "".join(f"ALTER DATABASE {name} RENAME TO {name}_before;\n" for name in DATABASES)
        subprocess.run(command, input=sql + (fresh + renamed).encode(), check=True, stdout=subprocess.DEVNULL)

    async def begin(self) -> None:
        """The databases as the earlier release left them."""
        await self._on_postgres("DROP DATABASE IF EXISTS {0} WITH (FORCE)", "CREATE DATABASE {0} TEMPLATE {0}_before")

    async def forget(self) -> None:
        await self._on_postgres("DROP DATABASE IF EXISTS {0} WITH (FORCE)", "DROP DATABASE IF EXISTS {0}_before WITH (FORCE)")

    async def _on_postgres(self, *statements: str) -> None:
        conn = await asyncpg.connect(self.server.url("postgres"))
        try:
            for database in DATABASES:
                for statement in statements:
                    await conn.execute(statement.format(database))
        finally:
            await conn.close()

    async def migrating(self) -> asyncio.subprocess.Process:
        """The process that the supervisor starts to bring the databases up."""
        command = [*COMMANDS["schema"], *Arguments(self.run).to_list()]
        assert command[0] == sys.executable
        return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)

    async def migrate(self) -> None:
        process = await self.migrating()
        await process.communicate()
        assert process.returncode == 0

    async def kill(self, database: str, where: str) -> None:
        """Migrate until the process stands before a lock in this database, and kill it there."""
        conn = await asyncpg.connect(self.server.url(database))
        try:
            async with conn.transaction():
                await conn.execute(where)
                process = await self.migrating()
                while not await conn.fetchval(_WAITS):
                    assert process.returncode is None, "it never came to the lock"
                    await asyncio.sleep(0.02)
                process.kill()
                await process.communicate()
        finally:
            await conn.close()

    async def behind(self) -> list[str]:
        """The databases that are not at the newest revision."""
        at = {database: await migrations.revision(self.server.url(database)) for database in SERVICES}
        return [database for database in SERVICES if migrations.behind(load(database).migrations, at[database])]

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[System]:
        """The services of this release, at the time at which the dump was made."""
        clock = SteppedClock(self.made_at)
        async with AsyncExitStack() as stack:
            services = {}
            for database, service in [(name, load(name)) for name in SERVICES]:
                settings = self.run.of_service(database, service.settings).model_copy(update={"pool_size": 8, "log_level": "error"})
                services[service.name] = await stack.enter_async_context(running_on(service, settings, clock))
            yield await stack.enter_async_context(at_work(services))

    async def rows(self, database: str, sql: str) -> list[asyncpg.Record]:
        conn = await asyncpg.connect(self.server.url(database))
        try:
            return await conn.fetch(sql)
        finally:
            await conn.close()


def told_at(answer: Any) -> datetime | None:
    """When it was given, if it says so: the pipeline tells how old things are."""
    return datetime.fromisoformat(answer["at"]) if "at" in answer else None
