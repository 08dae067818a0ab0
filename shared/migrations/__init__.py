"""One Alembic environment for all services: each keeps only its revisions, in its own `migrations/` folder."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData
from sqlalchemy.engine import make_url

_HERE = Path(__file__).parent


def _config(versions: Path, metadata: MetaData | None = None, url: str | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    # Random ids and names by time: two branches that both add a revision differ in neither.
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    config.set_main_option("timezone", "UTC")
    config.attributes["metadata"] = metadata
    config.attributes["url"] = None if url is None else make_url(url).set(drivername="postgresql+asyncpg")
    return config


@lru_cache
def _revisions(versions: Path) -> tuple[str, ...]:
    """All revisions in a service's folder, the newest first."""
    return tuple(revision.revision for revision in ScriptDirectory.from_config(_config(versions)).walk_revisions())


def behind(versions: Path, at: str | None) -> bool:
    """Whether a database at this revision still has to be migrated.

    A revision that this code does not know is a newer release's, which migrates while we still serve: its changes leave us room (expand
    first, contract a release later). If that made us unready, all replicas would be so at once, and no older release could come back.
    """
    known = _revisions(versions)
    return at is None or at in known[1:]


def knows(versions: Path, at: str) -> bool:
    """Whether this code has the revision; a newer release's it has not."""
    return at in _revisions(versions)


async def revision(url: str) -> str | None:
    """The revision that the database is at; None where nothing was migrated yet."""
    conn = await asyncpg.connect(url)
    try:
        if await conn.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        return cast("str | None", await conn.fetchval("SELECT version_num FROM alembic_version"))
    finally:
        await conn.close()


async def upgrade(versions: Path, metadata: MetaData, url: str, company: tuple[str, str] | None = None, to: str = "head") -> None:
    """Bring the database to a revision, unless a newer release has been there; several callers at once wait for each other.

    `company` is the time zone and the reporting currency that a database without them takes.
    """
    if behind(versions, await revision(url)):
        config = _config(versions, metadata, url)
        config.attributes["company"] = company
        await _in_thread(command.upgrade, config, to)


async def revise(versions: Path, metadata: MetaData, url: str, message: str) -> None:
    """Write a new revision with the differences between tables and database; look at it before committing."""
    await _in_thread(command.revision, _config(versions, metadata, url), message=message, autogenerate=True)


async def check(versions: Path, metadata: MetaData, url: str) -> None:
    """Raises when the tables in code and the migrated database differ."""
    await _in_thread(command.check, _config(versions, metadata, url))


async def _in_thread(run: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    await asyncio.to_thread(run, *args, **kwargs)
