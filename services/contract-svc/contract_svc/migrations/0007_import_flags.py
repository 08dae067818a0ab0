"""Keep the flags of an import, and what its key stands for. The step is shared by all services: shared/migrations/plumbing."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = "import_flags"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
