"""The company's time zone and reporting currency, as a service's database remembers them.

Due days, timers and figures in a database belong to one zone and one currency. So a service starts only with those that its database
remembers; `clinch rezone` changes them together with the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import asyncpg

from shared.process.settings import Settings


class MoveState(StrEnum):
    """How far a database is with a change of zone or currency."""

    MOVING = "moving"
    MOVED = "moved"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Company:
    """The zone and currency of a database from `since` on. Number 1 is what it was started with."""

    number: int
    time_zone: str
    reporting_currency: str
    since: datetime
    state: MoveState

    @property
    def words(self) -> str:
        return f"{self.time_zone} and {self.reporting_currency}"


class OtherCompany(Exception):
    """The settings name another zone or currency than the database remembers, or a change of them is not finished."""


UNFINISHED = "A change of time zone or reporting currency is not finished: run `clinch rezone` again, it continues where it stopped."

_ALL = "SELECT number, time_zone, reporting_currency, since, state FROM company ORDER BY number"
_FIRST = """
INSERT INTO company (number, time_zone, reporting_currency, since, state) VALUES (1, $1, $2, '1970-01-01T00:00:00Z', 'done')
ON CONFLICT DO NOTHING
"""
_OPTIONS = {"time_zone": "--time-zone", "reporting_currency": "--currency"}


async def history(conn: Any) -> Sequence[Company]:
    """What the database remembers, oldest first; nothing when it was never migrated."""
    try:
        rows = await conn.fetch(_ALL)
    except asyncpg.UndefinedTableError:
        return []
    return [Company(**{**row, "state": MoveState(row["state"])}) for row in rows]


async def settle(settings: Settings) -> Settings:
    """Check the settings against the database before a service starts.

    The first start stores what the settings say.

    What the environment leaves open is taken from the database. Raises OtherCompany.
    """
    conn = await asyncpg.connect(settings.database_url)
    try:
        known = await history(conn)
        if not known and await conn.fetchval("SELECT to_regclass('company')") is not None:
            await conn.execute(_FIRST, settings.time_zone, settings.reporting_currency)
            known = await history(conn)
    finally:
        await conn.close()
    return agreed(settings, known)


async def stored(settings: Settings) -> Settings:
    """The settings with the zone and currency of the database, for commands that look at it.

    Raises OtherCompany in mid-change.
    """
    conn = await asyncpg.connect(settings.database_url)
    try:
        known = await history(conn)
    finally:
        await conn.close()
    return agreed(settings.model_copy(update=_kept(known)), known)


def _kept(known: Sequence[Company]) -> dict[str, str]:
    return {name: getattr(known[-1], name) for name in _OPTIONS} if known else {}


def agreed(settings: Settings, known: Sequence[Company]) -> Settings:
    """The settings with what `known` says in place of what was not given. Raises OtherCompany."""
    if not known:
        return settings
    if any(company.state is not MoveState.DONE for company in known):
        raise OtherCompany(UNFINISHED)
    for name, option in _OPTIONS.items():
        given, kept = getattr(settings, name), getattr(known[-1], name)
        if name in settings.model_fields_set and given != kept:
            raise OtherCompany(
                f"CLINCH_{name.upper()} is {given}, but the data are kept in {kept}: set it to {kept}, "
                f"or change the data with `clinch rezone {option} {given}`."
            )
    return settings.model_copy(update=_kept(known))
