"""Follow a change of the company's zone or currency.

Days that were told stay; the times at which they begin and end move.
"""

from typing import Any

from contract_svc.delivery.commands import EFFECTIVE
from contract_svc.milestones.commands import DATE, DUE
from shared.deadlines.commands import TIMER, WANTED
from shared.rezone import Rezone, convert, put_days, reset_timers

_DAYS = """
SELECT due_day FROM milestone UNION SELECT due_on FROM milestone UNION SELECT acceptance_due_day FROM contract
UNION SELECT starts_on FROM contract WHERE state = 'signed'
"""
# What was marked overdue is not overdue yet if the due day has not ended in the new zone.
_MILESTONES = """
UPDATE milestone m SET due_at = d.ends, overdue_since = CASE
  WHEN m.overdue_since IS NULL OR d.ends > $1 THEN NULL WHEN m.overdue_since = m.due_at THEN d.ends ELSE m.overdue_since END
FROM company_day d WHERE d.day = m.due_day AND m.due_at <> d.ends
"""
_ACCEPTANCES = """
UPDATE contract c SET acceptance_due_at = d.ends FROM company_day d WHERE d.day = c.acceptance_due_day AND c.acceptance_due_at <> d.ends
"""
_DEADLINES = """
UPDATE deadline d SET due_at = c.acceptance_due_at, warn_at = d.warn_at + (c.acceptance_due_at - d.due_at),
  warned_at = d.warned_at + (c.acceptance_due_at - d.due_at),
  missed_at = CASE WHEN coalesce(d.met_at >= c.acceptance_due_at, d.missed_at IS NOT NULL AND c.acceptance_due_at <= $1)
    THEN c.acceptance_due_at END
FROM contract c WHERE d.record_id = c.id AND d.name = 'acceptance' AND c.acceptance_due_at <> d.due_at
"""
_TIMERS = {
    DUE: """
    SELECT id, due_at, jsonb_build_object('contract_id', contract_id) FROM milestone
    WHERE state IN ('triggered', 'partly_paid') AND overdue_since IS NULL AND due_at IS NOT NULL
    """,
    DATE: """
    SELECT m.id, d.starts, jsonb_build_object('contract_id', m.contract_id)
    FROM milestone m JOIN company_day d ON d.day = m.due_on JOIN contract c ON c.id = m.contract_id
    WHERE m.state = 'planned' AND m.trigger = 'date' AND c.signed_at IS NOT NULL
    """,
    TIMER: WANTED,
    EFFECTIVE: """
    SELECT c.id, greatest(d.starts, c.signed_at), '{}'::jsonb
    FROM contract c JOIN company_day d ON d.day = c.starts_on WHERE c.state = 'signed'
    """,
}


async def follow(conn: Any, change: Rezone) -> None:
    await put_days(conn, change, _DAYS)
    await conn.execute(_MILESTONES, change.now)
    await conn.execute(_ACCEPTANCES)
    await conn.execute(_DEADLINES, change.now)
    for kind, wanted in _TIMERS.items():
        await reset_timers(conn, kind, wanted)
    await convert(conn, change, [("contract", "deal_id")])
