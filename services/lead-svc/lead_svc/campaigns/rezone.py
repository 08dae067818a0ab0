"""What a new currency means for money that was spent on campaigns."""

from typing import Any

from shared.rezone import Rezone, rate_of

_DAYS = "SELECT DISTINCT ends_on FROM campaign_spend"
_CONVERT = """
UPDATE campaign_spend s SET fx = round(s.fx * r.rate, 8)
FROM unnest($1::date[], $2::numeric[]) AS r (day, rate) WHERE r.day = s.ends_on
"""


async def follow(conn: Any, change: Rezone) -> None:
    """Frozen rates are to the new currency: by the rate of the day on which the money was spent."""
    if change.days:
        days = [row["ends_on"] for row in await conn.fetch(_DAYS)]
        await conn.execute(_CONVERT, days, [rate_of(change.days, day) for day in days])
