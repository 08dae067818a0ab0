"""Makes the five databases and brings each service's to its newest revision. Prints a line per step; safe to repeat."""

import asyncio
import hashlib
import sys
from pathlib import Path

from clinch.run.arguments import parse
from clinch.run.settings import DATABASES, SERVICES, Embedded

_ROOT = Path(__file__).resolve().parents[3]


def revision_hash() -> str:
    """Of all migrations there are: tells cheaply, without importing a service, that there is nothing to do."""
    digest = hashlib.sha256()
    for path in sorted([*_ROOT.glob("shared/migrations/**/*.py"), *_ROOT.glob("services/*/*/migrations/**/*.py")]):
        digest.update(path.relative_to(_ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


async def bring_up(run: Embedded) -> None:
    import asyncpg

    from clinch.run.services import load

    admin = await asyncpg.connect(run.postgres().url("postgres"))
    try:
        there = {row["datname"] for row in await admin.fetch("SELECT datname FROM pg_database")}
        for name in DATABASES:
            if name not in there:
                await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    finally:
        await admin.close()
    for database in SERVICES:
        print(f"Bringing the {database} database to its newest revision", flush=True)
        service = load(database)
        await service.migrate(run.of_service(database, service.settings))


def main() -> None:
    from clinch.run.services import exit_on_bad_settings

    run = parse(sys.argv[1:]).run
    with exit_on_bad_settings():
        asyncio.run(bring_up(run))


if __name__ == "__main__":
    main()
