"""Beside the requests: what people wrote is erased after as many days as the policy says. That they sent it stays, and so do consents."""

import asyncio

from lead_svc.forms.policy import POLICY
from shared.auth import SYSTEM
from shared.clock import Clock, kept_since, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.process.outage import Outage, every
from shared.process.settings import Settings

SECONDS = 60.0
STEP = 500
"""Submissions that one transaction erases."""

# The row stays: by its id the same submission, sent again, is known.
_ERASE = """
UPDATE form_submission SET answers = '{}', touch = '{}', origin = NULL, visitor = NULL, erased_at = $3
WHERE id IN (
  SELECT id FROM form_submission WHERE erased_at IS NULL AND state <> 'received' AND received_at < $1
  ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING id
"""


async def submissions(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """Look every minute until `stop` is set."""

    async def turn() -> None:
        await look(db, clock, stop)

    await every(SECONDS, turn, stop, Outage("submissions"))


async def look(db: Database, clock: Clock, stop: asyncio.Event) -> None:
    """Erase what has been kept for long enough, in short transactions. What waits for the worker is kept until it was taken."""
    while not stop.is_set() and await _erased(db, clock):
        pass


async def _erased(db: Database, clock: Clock) -> bool:
    """Erase a batch; whether there may be more."""
    async with db.begin(Context("lead-svc", SYSTEM, clock(), "submissions", moved=moved_by(clock))) as tx:
        days = tx.policy(POLICY).submission_days
        return bool(days) and len(await tx.rows(_ERASE, kept_since(clock, days), STEP, tx.now)) == STEP
