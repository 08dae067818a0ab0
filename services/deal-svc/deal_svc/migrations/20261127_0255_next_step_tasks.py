"""Let the next steps of open deals be tasks. What is due already is not told again as news of today."""

from alembic import op

revision = "a70d3e91c5f2"
down_revision = "4b8e20f7c6da"
branch_labels = None
depends_on = "7d41b90ce2a6"

_TASKS = """
INSERT INTO task (id, version, kind, record_id, why, state, due_at, reminded_at, created_at)
SELECT uuidv7(), 0, 'next_step', id, next_step, 'open', next_step_due_at,
       CASE WHEN next_step_due_at <= now() THEN next_step_due_at END, updated_at
FROM deal WHERE stage NOT IN ('won', 'lost') AND next_step_due_at > now() - interval '90 days'
"""
_TIMERS = "INSERT INTO timer (id, kind, subject, due_at) SELECT uuidv7(), 'task', id, due_at FROM task WHERE reminded_at IS NULL AND state = 'open'"


def upgrade() -> None:
    op.execute(_TASKS)
    op.execute(_TIMERS)


def downgrade() -> None:
    pass
