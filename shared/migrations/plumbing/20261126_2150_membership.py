"""Keep who has a part in a record besides its owner."""

import sqlalchemy as sa
from alembic import op

revision = "b7d04c91e6a2"
down_revision = "b41c77d0e92a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "membership",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False, comment="creator, owner (of an account), member (of its team)"),
        sa.PrimaryKeyConstraint("record_id", "person_id", "part", name=op.f("pk_membership")),
        comment="who has a part in which record besides its owner, and so sees it",
    )
    op.create_index(op.f("ix_membership_person_id_record_id"), "membership", ["person_id", "record_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_membership_person_id_record_id"), table_name="membership")
    op.drop_table("membership")
