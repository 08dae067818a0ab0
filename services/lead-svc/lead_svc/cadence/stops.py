"""Keeping why open leads have no follow-up, for many at once."""

from collections.abc import Sequence
from uuid import UUID

from lead_svc.cadence.record import Unplanned
from shared.db.tx import Tx

_KEEP = """
INSERT INTO lead_stop (lead_id, reason, at) SELECT id, $2, $3::timestamptz FROM unnest($1::uuid[]) AS given (id)
ON CONFLICT (lead_id) DO UPDATE SET reason = excluded.reason, at = excluded.at
"""
_KEEP_HISTORY = """
INSERT INTO lead_stop (lead_id, reason, at) SELECT id, 'history', $2::timestamptz FROM lead
WHERE id = ANY($1::uuid[]) AND NOT imported
AND NOT EXISTS (SELECT FROM task WHERE record_id = lead.id AND kind = 'follow_up' AND state = 'open')
ON CONFLICT (lead_id) DO NOTHING
"""
_FORGET = "DELETE FROM lead_stop WHERE lead_id = ANY($1::uuid[])"


async def keep(tx: Tx, leads: Sequence[UUID], reason: Unplanned) -> None:
    """These leads are not followed up any more, for this reason."""
    if leads:
        await tx.execute(_KEEP, list(leads), reason.value, tx.now)


async def keep_history(tx: Tx, leads: Sequence[UUID]) -> None:
    """Nothing starts for these leads by themselves: those that have no follow-up have that as their reason, unless they have another."""
    if leads:
        await tx.execute(_KEEP_HISTORY, list(leads), tx.now)


async def forget(tx: Tx, leads: Sequence[UUID]) -> None:
    """These leads are followed up again."""
    if leads:
        await tx.execute(_FORGET, list(leads))
