"""The embedded Postgres trusts whoever reaches its socket. The role of BI tools has to show its password, and gets into one database."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.db.tx import Tx

_RULES = "# The role of BI tools (`clinch bi`); the first line that fits decides.\nlocal metrics bi scram-sha-256\nlocal all bi reject\n"


def is_up(postgres: Path) -> bool:
    return (postgres / "pg_hba.conf").read_text().startswith(_RULES)


def put_up(postgres: Path) -> None:
    """Write its rules before all others. They stay when the role goes: they are about nobody then."""
    rules = postgres / "pg_hba.conf"
    if not is_up(postgres):
        owner, draft = rules.stat(), rules.with_name("pg_hba.conf.new")
        draft.write_text(_RULES + rules.read_text())
        draft.chmod(owner.st_mode)
        _give(draft, owner.st_uid, owner.st_gid)
        draft.replace(rules)


def _give(file: Path, user: int, group: int) -> None:
    """As root, Postgres runs under another account."""
    if os.geteuid() == 0:
        os.chown(file, user, group)


async def take_effect(tx: "Tx") -> None:
    """Let Postgres read its rules again."""
    await tx.value("SELECT pg_reload_conf()")
