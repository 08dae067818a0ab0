"""Keep what the first pass over an imported file found. The step is shared by all services: shared/migrations/plumbing."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = "import_found"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
