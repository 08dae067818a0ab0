"""Store the company's zone and currency. The step is shared by all services: shared/migrations/plumbing."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = "company"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
