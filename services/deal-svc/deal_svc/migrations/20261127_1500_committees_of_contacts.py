"""Find the committees that a contact is on by an index: they follow when contacts are merged."""

from alembic import op

revision = "c94b1e70d6a8"
down_revision = "a70d3e91c5f2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_committee_member_contact", "committee_member", ["contact_id"])


def downgrade() -> None:
    op.drop_index("ix_committee_member_contact", "committee_member")
