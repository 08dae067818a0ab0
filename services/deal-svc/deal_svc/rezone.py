"""What a new zone or currency means for deals and quotes."""

from typing import Any

from deal_svc.quotes.commands import EXPIRY
from shared.rezone import Rezone, convert, put_days, reset_timers

_SENT = """
SELECT q.id, d.ends, '{}'::jsonb FROM quote q JOIN company_day d ON d.day = q.valid_until WHERE q.status = 'sent'
"""


async def follow(conn: Any, change: Rezone) -> None:
    """A sent quote expires when its last day is over in the new zone.

    Frozen rates are to the new currency.
    """
    await put_days(conn, change, "SELECT valid_until FROM quote WHERE status = 'sent'")
    await reset_timers(conn, EXPIRY, _SENT)
    await convert(conn, change, [("deal", "id"), ("quote", "deal_id")])
