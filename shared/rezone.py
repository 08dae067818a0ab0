"""What a service does to its data when the company's time zone or reporting currency changes.

Run by `clinch rezone`, services stopped.
"""

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.calendar import end_of, start_of

FX_PLACES = Decimal("1e-8")
"""What a frozen rate is rounded to, in columns and when an event of the old currency is read."""


@dataclass(frozen=True)
class Rezone:
    """The new zone, and for a new currency each deal's rate from the old one: that of the day on which the deal was opened.

    `days` has the rates by day, in their order, for what belongs to no deal.
    """

    zone: ZoneInfo
    now: datetime
    rates: Mapping[UUID, Decimal] | None = None
    days: Sequence[tuple[date, Decimal]] = ()


def rate_of(days: Sequence[tuple[date, Decimal]], day: date) -> Decimal:
    """The rate of the day, else of the last one before it; before all of them the first one."""
    return days[max(0, bisect_right(days, day, key=lambda known: known[0]) - 1)][1]


Follow = Callable[[Any, Rezone], Awaitable[None]]
"""Changes the rows of one service, in a transaction on the connection that it gets."""


async def put_days(conn: Any, change: Rezone, days: str) -> None:
    """Make a temporary table `company_day` with `starts` and `ends` of each `day` that the statement finds.

    Computed here and not by Postgres, which reads a midnight that comes twice, or never, in another way.
    """
    await conn.execute(
        "CREATE TEMP TABLE company_day (day date PRIMARY KEY, starts timestamptz NOT NULL, ends timestamptz NOT NULL) ON COMMIT DROP"
    )
    found = [row[0] for row in await conn.fetch(f"SELECT DISTINCT day FROM ({days}) AS d (day) WHERE day IS NOT NULL")]
    rows = [(day, start_of(day, change.zone), end_of(day, change.zone)) for day in found]
    await conn.copy_records_to_table("company_day", records=rows, columns=["day", "starts", "ends"])


async def reset_timers(conn: Any, kind: str, wanted: str) -> None:
    """Replace the open timers of a kind by those that the statement `wanted` finds: subject, due_at, data."""
    await conn.execute("DELETE FROM timer WHERE kind = $1 AND fired_at IS NULL AND cancelled_at IS NULL", kind)
    await conn.execute(
        f"""
        INSERT INTO timer (id, kind, subject, due_at, data)
        SELECT gen_random_uuid(), $1, subject, due_at, data FROM ({wanted}) AS wanted (subject, due_at, data)
        ON CONFLICT (kind, subject, due_at) DO UPDATE
        SET data = excluded.data, fired_at = NULL, cancelled_at = NULL, attempts = 0, retry_at = NULL, error = NULL
        """,
        kind,
    )


async def convert(conn: Any, change: Rezone, tables: Sequence[tuple[str, str]]) -> None:
    """Convert the frozen rates of these tables, each with its column that names the deal.

    Nothing when the currency stays.
    """
    if change.rates is None:
        return
    await conn.execute("CREATE TEMP TABLE given_deal_rate (deal uuid PRIMARY KEY, rate numeric NOT NULL) ON COMMIT DROP")
    await conn.copy_records_to_table("given_deal_rate", records=list(change.rates.items()), columns=["deal", "rate"])
    for table, deal in tables:
        await conn.execute(f"UPDATE {table} t SET fx = round(t.fx * r.rate, 8) FROM given_deal_rate r WHERE r.deal = t.{deal}")
