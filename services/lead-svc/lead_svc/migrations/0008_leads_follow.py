"""Leads whose owner has changed teams follow now: a timer for each such owner has them told of, a batch at a time."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO timer (id, kind, subject, due_at) SELECT uuidv7(), 'person.moved', p.id, now() FROM person p WHERE EXISTS ("
        "SELECT FROM lead l WHERE l.owner_id = p.id AND l.team_id IS DISTINCT FROM p.team_id "
        "AND (l.team_id IS NULL OR l.state NOT IN ('converted', 'disqualified')))"
    )


def downgrade() -> None:
    pass
