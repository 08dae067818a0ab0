"""Keep who has read personal data."""

import sqlalchemy as sa
from alembic import op

revision = "3f70c2d8be15"
down_revision = "e40b6a19d7c3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False, comment="the operation's id in the OpenAPI document"),
        sa.Column("record_id", sa.Uuid(), nullable=True, comment="empty for a list"),
        sa.Column("records", sa.Integer(), nullable=True, comment="how many a list showed"),
        sa.Column("query", sa.Text(), nullable=True, comment="of a list, without the values of personal data"),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="why, as the reader said"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
        comment="reads of personal data, and exports; changes are in event",
    )
    op.create_index(op.f("ix_access_log_at_id"), "access_log", ["at", "id"])
    op.create_index(op.f("ix_access_log_actor_id_at"), "access_log", ["actor_id", "at"])
    op.create_index(
        op.f("ix_access_log_record_id_at"), "access_log", ["record_id", "at"], postgresql_where=sa.text("record_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_table("access_log")
