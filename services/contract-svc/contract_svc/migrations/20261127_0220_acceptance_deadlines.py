"""Let the days to accept of contracts that went live be deadlines; those that run go on, with their timers."""

import sqlalchemy as sa
from alembic import op

revision = "c2907fd5ab31"
down_revision = "b94f06a2d871"
branch_labels = None
depends_on = "7d41b90ce2a6"

# Without a warning, as they began.
_DEADLINES = """
INSERT INTO deadline (id, version, name, record_id, state, working, started_at, due_at, missed_at, met_at)
SELECT uuidv7(), 0, 'acceptance', id,
       CASE WHEN accepted_at IS NOT NULL THEN 'met' WHEN state = 'active' THEN 'running' ELSE 'stopped' END,
       false, coalesce(live_at, acceptance_due_at), acceptance_due_at, CASE WHEN acceptance_overdue THEN acceptance_due_at END, accepted_at
FROM contract WHERE acceptance_due_at IS NOT NULL
"""
_TIMERS = """
INSERT INTO timer (id, kind, subject, due_at) SELECT uuidv7(), 'deadline', d.id, d.due_at
FROM deadline d WHERE d.name = 'acceptance' AND d.state = 'running' AND d.missed_at IS NULL
"""
_OLD_TIMERS = "DELETE FROM timer WHERE kind = 'contract_acceptance' AND fired_at IS NULL AND cancelled_at IS NULL"


def upgrade() -> None:
    # The column stays for processes of the release before, which write it until they end.
    op.alter_column("contract", "acceptance_overdue", server_default=sa.text("false"))
    op.execute(_DEADLINES)
    op.execute(_TIMERS)
    op.execute(_OLD_TIMERS)


def downgrade() -> None:
    op.alter_column("contract", "acceptance_overdue", server_default=None)
