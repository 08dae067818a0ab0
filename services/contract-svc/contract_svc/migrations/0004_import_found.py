"""Keep what the first pass over an imported file found. The step is shared by all services: shared/migrations/plumbing."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = "import_found"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
