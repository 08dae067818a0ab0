"""One Alembic environment for all services: each keeps its revisions in its own `migrations/` folder.

The plumbing tables that every service has (shared/db/tables/) have theirs once, in the branch `plumbing` beside this file. A database
is therefore at one revision of its service and perhaps at one of the plumbing; both are written as one text, apart by a space. A
revision of a service that needs a step of the plumbing names it in `depends_on`.
"""

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

from shared.db.tables import PLUMBING

_HERE = Path(__file__).parent
_PLUMBING = _HERE / "plumbing"

REVISION = "SELECT string_agg(version_num, ' ' ORDER BY version_num) FROM alembic_version"


def _config(versions: Path, metadata: MetaData | None = None, url: str | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("version_locations", f"{versions}\n{_PLUMBING}")
    config.set_main_option("path_separator", "newline")
    # Random ids and names by time: two branches that both add a revision differ in neither.
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    config.set_main_option("timezone", "UTC")
    config.attributes["metadata"] = metadata
    config.attributes["url"] = None if url is None else make_url(url).set(drivername="postgresql+asyncpg")
    return config


@lru_cache
def _script(versions: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(versions))


@lru_cache
def _revisions(versions: Path) -> frozenset[str]:
    """All revisions that this code has for a service's database."""
    return frozenset(revision.revision for revision in _script(versions).walk_revisions())


@lru_cache
def behind(versions: Path, at: str | None) -> bool:
    """Whether a database at this revision still has to be migrated.

    A revision that this code does not know is a newer release's, which migrates while we still serve: its changes leave us room (expand
    first, contract a release later). If that made us unready, all replicas would be so at once, and no older release could come back.
    """
    if at is None:
        return bool(_revisions(versions))
    return knows(versions, at) and any(_script(versions).iterate_revisions("heads", tuple(at.split()), implicit_base=True))


def knows(versions: Path, at: str) -> bool:
    """Whether this code has the revision; a newer release's it has not."""
    return _revisions(versions).issuperset(at.split())


async def revision(url: str) -> str | None:
    """The revision that the database is at; None where nothing was migrated yet."""
    conn = await asyncpg.connect(url)
    try:
        if await conn.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        return cast("str | None", await conn.fetchval(REVISION))
    finally:
        await conn.close()


async def upgrade(versions: Path, metadata: MetaData, url: str, company: tuple[str, str] | None = None, to: str = "heads") -> None:
    """Bring the database to a revision, unless a newer release has been there; several callers at once wait for each other.

    `company` is the time zone and the reporting currency that a database without them takes.
    """
    if behind(versions, await revision(url)):
        config = _config(versions, metadata, url)
        config.attributes["company"] = company
        await _in_thread(command.upgrade, config, to)


async def revise(versions: Path, metadata: MetaData, url: str, message: str, *, plumbing: bool = False) -> None:
    """Write a new revision with the differences between tables and database; look at it before committing.

    With `plumbing` of the plumbing tables, for all services; else of the service's own.
    """
    config = _config(versions, metadata, url)
    config.attributes["only"] = frozenset(PLUMBING.tables) if plumbing else frozenset(metadata.tables) - frozenset(PLUMBING.tables)
    folder = _PLUMBING if plumbing else versions
    (head,) = (head for head in _script(versions).get_heads() if Path(_script(versions).get_revision(head).path).parent == folder)
    await _in_thread(command.revision, config, message=message, autogenerate=True, head=head, version_path=str(folder))


async def check(versions: Path, metadata: MetaData, url: str) -> None:
    """Raises when the tables in code and the migrated database differ."""
    await _in_thread(command.check, _config(versions, metadata, url))


async def _in_thread(run: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    await asyncio.to_thread(run, *args, **kwargs)
