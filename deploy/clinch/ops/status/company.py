"""The zone and currency that the data are kept in, as the databases remember them."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

PATIENCE = 4.0  # seconds for a database


@dataclass(frozen=True)
class CompanyState:
    """`changing`: a `clinch rezone` to this zone and currency is not finished."""

    time_zone: str
    reporting_currency: str
    changing: bool
    country: str = ""
    """Of the company's calendar; empty for none."""
    exceptions: tuple[int, ...] = ()
    """The years of which the company has named days itself."""

    def __str__(self) -> str:
        if self.changing:
            return f"A change to {self.time_zone} and {self.reporting_currency} is not finished: run `clinch rezone` again."
        return f"Days are those of {self.time_zone}, figures are in {self.reporting_currency}."


_CALENDAR = "SELECT document->>'country', document->'overrides' FROM policy_version WHERE name = 'company' AND state = 'active'"


async def _calendar(conn: Any) -> tuple[str, tuple[int, ...]]:
    """The country of the company's calendar, and the years of its exceptions; nothing in a database of an earlier release."""
    import asyncpg

    try:
        row = await conn.fetchrow(_CALENDAR)
    except asyncpg.UndefinedTableError:
        return "", ()
    return (row[0] or "", tuple({int(day[:4]) for day in json.loads(row[1] or "{}")})) if row else ("", ())


async def company(url: str) -> CompanyState | None:
    """None where the database does not answer, or was never started with this release."""
    import asyncpg

    from shared.company import MoveState, history

    try:
        async with asyncio.timeout(PATIENCE):
            conn = await asyncpg.connect(url)
            try:
                known = await history(conn)
                calendar = await _calendar(conn)
            finally:
                await conn.close()
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None
    if not known:
        return None
    changing = any(row.state is not MoveState.DONE for row in known)
    return CompanyState(known[-1].time_zone, known[-1].reporting_currency, changing, *calendar)
