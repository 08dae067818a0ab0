"""Let the wake-up dates of leads that are put aside be tasks, with the reminders that take the leads up again."""

from alembic import op

revision = "e5a1c07b93d8"
down_revision = "b83f1c06e2d9"
branch_labels = None
depends_on = "7d41b90ce2a6"

_TASKS = """
INSERT INTO task (id, version, kind, record_id, why, state, due_at, created_at)
SELECT uuidv7(), 0, 'wake_up', id, reason, 'open', wake_at, updated_at FROM lead WHERE state = 'nurturing' AND wake_at IS NOT NULL
"""
_TIMERS = "INSERT INTO timer (id, kind, subject, due_at) SELECT uuidv7(), 'task', id, due_at FROM task WHERE kind = 'wake_up' AND state = 'open'"
_OLD_TIMERS = "DELETE FROM timer WHERE kind = 'lead.wake' AND fired_at IS NULL AND cancelled_at IS NULL"


def upgrade() -> None:
    op.execute(_TASKS)
    op.execute(_TIMERS)
    op.execute(_OLD_TIMERS)


def downgrade() -> None:
    pass
