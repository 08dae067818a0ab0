"""One Alembic environment for all services: each keeps only its revisions, in its own `migrations/` folder."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

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
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["metadata"] = metadata
    config.attributes["url"] = None if url is None else make_url(url).set(drivername="postgresql+asyncpg")
    return config


@lru_cache
def head(versions: Path) -> str | None:
    """The newest revision in a service's folder: what a ready database must be at."""
    return ScriptDirectory.from_config(_config(versions)).get_current_head()


async def upgrade(versions: Path, metadata: MetaData, url: str) -> None:
    """Bring the database to the newest revision; several callers at once wait for each other."""
    await _in_thread(command.upgrade, _config(versions, metadata, url), "head")


async def revise(versions: Path, metadata: MetaData, url: str, message: str) -> None:
    """Write a new revision with the differences between tables and database; look at it before committing."""
    await _in_thread(command.revision, _config(versions, metadata, url), message=message, autogenerate=True, rev_id=_next(versions))


async def check(versions: Path, metadata: MetaData, url: str) -> None:
    """Raises when the tables in code and the migrated database differ."""
    await _in_thread(command.check, _config(versions, metadata, url))


def _next(versions: Path) -> str:
    return f"{len(list(versions.glob('[0-9]*.py'))) + 1:04d}"


async def _in_thread(run: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    await asyncio.to_thread(run, *args, **kwargs)
