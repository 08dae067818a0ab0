"""due days: the last day to pay and to accept, and the end of that day in place of an instant within it"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

def upgrade() -> None:
    op.add_column("milestone", sa.Column("due_day", sa.Date(), comment="the last day to pay"))
    op.add_column("contract", sa.Column("live_at", sa.DateTime(timezone=True), comment="when it went live; no acceptance was before"))
    op.add_column("contract", sa.Column("acceptance_due_day", sa.Date(), comment="the last day to accept"))
    op.alter_column("milestone", "due_at", comment="the end of due_day in the company's zone; overdue from then on")
    op.alter_column("contract", "acceptance_due_at", comment="the end of acceptance_due_day in the company's zone")
    zone = op.get_bind().scalar(sa.text("SELECT time_zone FROM company ORDER BY number DESC LIMIT 1")) or "UTC"
    op.execute(sa.text("UPDATE milestone SET due_day = (due_at AT TIME ZONE :zone)::date WHERE due_at IS NOT NULL").bindparams(zone=zone))
    op.execute(_ACCEPTANCES)
    _make_ends(zone)
    for sql in _FOLLOW:
        op.execute(sql)


_ACCEPTANCES = """
UPDATE contract SET live_at = acceptance_due_at - interval '30 days', acceptance_due_day = live_on + 30
WHERE acceptance_due_at IS NOT NULL AND live_on IS NOT NULL
"""


def _make_ends(zone: str) -> None:
    """The end of each due day. Computed in Python, which the services compute it in too."""
    op.execute("CREATE TEMP TABLE due_day_end (day date PRIMARY KEY, at timestamptz NOT NULL) ON COMMIT DROP")
    if context.is_offline_mode():
        return
    bind = op.get_bind()
    days = "SELECT due_day FROM milestone WHERE due_day IS NOT NULL UNION SELECT acceptance_due_day FROM contract WHERE acceptance_due_day IS NOT NULL"
    made = [
        {"day": day, "at": datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)}
        for (day,) in bind.execute(sa.text(days))
    ]
    if made:
        bind.execute(sa.text("INSERT INTO due_day_end VALUES (:day, :at)"), made)


# What was called overdue within its due day is not overdue yet: its timer fires at the end of the day.
_FOLLOW = (
    """
    UPDATE milestone m SET due_at = e.at, overdue_since = CASE WHEN e.at <= now() THEN greatest(m.overdue_since, e.at) END
    FROM due_day_end e WHERE e.day = m.due_day AND m.overdue_since IS NOT NULL
    """,
    "UPDATE milestone m SET due_at = e.at FROM due_day_end e WHERE e.day = m.due_day AND m.overdue_since IS NULL",
    """
    UPDATE contract c SET acceptance_due_at = e.at,
           acceptance_overdue = CASE WHEN accepted_at IS NULL THEN acceptance_overdue AND e.at <= now() ELSE accepted_at >= e.at END
    FROM due_day_end e WHERE e.day = c.acceptance_due_day
    """,
    """
    DELETE FROM timer t USING milestone m
    WHERE t.kind = 'milestone_due' AND t.subject = m.id AND t.fired_at IS NULL AND t.cancelled_at IS NULL
    """,
    """
    INSERT INTO timer (id, kind, subject, due_at, data)
    SELECT gen_random_uuid(), 'milestone_due', id, due_at, jsonb_build_object('contract_id', contract_id)
    FROM milestone WHERE state IN ('triggered', 'partly_paid') AND overdue_since IS NULL
    ON CONFLICT (kind, subject, due_at) DO UPDATE
    SET fired_at = NULL, cancelled_at = NULL, attempts = 0, retry_at = NULL, error = NULL, data = excluded.data
    """,
    """
    DELETE FROM timer t USING contract c
    WHERE t.kind = 'contract_acceptance' AND t.subject = c.id AND t.fired_at IS NULL AND t.cancelled_at IS NULL
    """,
    """
    INSERT INTO timer (id, kind, subject, due_at, data)
    SELECT gen_random_uuid(), 'contract_acceptance', id, acceptance_due_at, '{}'
    FROM contract WHERE state = 'active' AND accepted_at IS NULL AND acceptance_due_at IS NOT NULL AND NOT acceptance_overdue
    ON CONFLICT (kind, subject, due_at) DO UPDATE
    SET fired_at = NULL, cancelled_at = NULL, attempts = 0, retry_at = NULL, error = NULL
    """,
)
