"""What was logged of a contact can be set right: the comment of the table says so no longer otherwise."""

from alembic import op

revision = "5c08e7f2a914"
down_revision = "b4e9027d51ac"
branch_labels = None
depends_on = None

_BEFORE, _AFTER = "append-only; the texts may name people, so they are in no event", "the texts may name people, so they are in no event"


def upgrade() -> None:
    op.create_table_comment("interaction", _AFTER, existing_comment=_BEFORE)


def downgrade() -> None:
    op.create_table_comment("interaction", _BEFORE, existing_comment=_AFTER)
