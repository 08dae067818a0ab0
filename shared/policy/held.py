"""The active documents of one process, in memory: read again beside its transactions, at most two seconds old."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from asyncpg import UndefinedTableError

from shared.policy.document import D, Policy

if TYPE_CHECKING:
    from shared.process.settings import Settings

FRESH = 1.0
"""Seconds after which one transaction reads them again as it begins."""
KEEP = 2.0
"""Seconds after which every transaction does so before it goes on: none decides by what is older."""

_READ = """
SELECT name, number, document FROM policy_version WHERE state = 'active'
UNION ALL SELECT name, number, document FROM policy_copy
"""


class Active:
    """The active documents at one moment. A transaction keeps the same ones from its beginning to its end."""

    __slots__ = ("_read", "_settings", "stored")

    def __init__(self, stored: Mapping[str, tuple[int, Any]], settings: "Settings | None" = None) -> None:
        self.stored, self._settings = stored, settings
        self._read: dict[Policy[Any], Any] = {}

    def get(self, policy: Policy[D]) -> D:
        """The active document; the defaults where none is stored yet."""
        found = self._read.get(policy)
        if found is None:
            kept = self.stored.get(policy.name)
            found = policy.first(self._settings) if kept is None else policy.model.read(kept[1], kept[0])
            self._read[policy] = found
        return cast(D, found)


DEFAULTS = Active({})
"""What counts where nothing is stored."""


class Held:
    """What a `Database` knows of the active documents."""

    def __init__(self, settings: "Settings", clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._read_at = float("-inf")
        self._reading = False
        self.active = Active({}, settings)

    async def refresh(self, conn: Any) -> None:
        """Read them on this connection if they are old."""
        now = self._clock()
        age = now - self._read_at
        if age < FRESH or (self._reading and age < KEEP):
            return
        self._reading = True
        try:
            with suppress(UndefinedTableError):  # a probe asks while the schema is still to be migrated
                stored = {row["name"]: (row["number"], row["document"]) for row in await conn.fetch(_READ)}
                if stored != self.active.stored:
                    self.active = Active(stored, self._settings)
            self._read_at = now
        finally:
            self._reading = False

    def forget(self) -> None:
        """The next transaction reads them again."""
        self._read_at = float("-inf")
