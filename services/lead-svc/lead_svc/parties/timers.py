"""The tiers of accounts are told to the directories of parties that were made when no event of an account told it."""

from datetime import timedelta
from uuid import UUID

from lead_svc.parties.tables import ACCOUNTS
from shared.db.tx import Tx
from shared.events.party import AccountUpdated
from shared.timers import Timer, set_timer

TIERS = "account.tiers"
"""Set once, by the migration."""
BATCH = 500

# By the last event that says what the account is now. Which tiers were told is in no column.
_UNTOLD = """
SELECT a.id FROM account a CROSS JOIN LATERAL (
  SELECT e.data->>'tier' AS tier FROM event e WHERE e.subject = a.id AND e.data->>'name' IS NOT NULL ORDER BY e.version DESC LIMIT 1
) told WHERE a.tier IS DISTINCT FROM told.tier ORDER BY a.id LIMIT $1
"""


async def tell_tiers(tx: Tx, timer: Timer) -> None:
    ids: list[UUID] = [row["id"] for row in await tx.rows(_UNTOLD, BATCH)]
    accounts = await tx.load_many(ACCOUNTS, ids)
    await tx.save_many(ACCOUNTS, [(a, [(AccountUpdated.of(a, changed=["tier"]), tx.now)]) for a in accounts.values()])
    if len(ids) == BATCH:  # a timer of its own: one transaction must not lock all accounts
        await set_timer(tx, TIERS, timer.subject, timer.due_at + timedelta(microseconds=1))
