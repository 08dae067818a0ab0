"""Keep approvals and their steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "5d1c8e07a4f3"
down_revision = "d17f3b6a90c5"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="counts its own events"),
        sa.Column("kind", sa.Text(), nullable=False, comment="of the record, such as contract"),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False, comment="of the content that is decided about"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=True, comment="working hours that a step has; empty for no end"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        comment="somebody asks, others decide about one content of a record",
    )
    op.create_index("uq_approval_open", "approval", ["kind", "record_id"], unique=True, postgresql_where=_OPEN)
    op.create_index(op.f("ix_approval_kind_record_id_id"), "approval", ["kind", "record_id", "id"])
    op.create_table(
        "approval_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="steps of one position are parallel, the next one waits for them"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", JSONB(), nullable=False, comment="whoever has one of them may decide"),
        sa.Column("people", JSONB(), nullable=False, comment="ids of those who may decide whatever their roles"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True, comment="from then on it is overdue"),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delegate_id", sa.Uuid(), nullable=True, comment="who is asked in place of the roles"),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_approval_step_approval_id_approval")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_step")),
        sa.UniqueConstraint("approval_id", "name", name=op.f("uq_approval_step_approval_id_name")),
        comment="a part of an approval that one person decides",
    )
    op.create_index("ix_approval_step_open", "approval_step", ["due_at", "id"], postgresql_where=_OPEN)


def downgrade() -> None:
    op.drop_table("approval_step")
    op.drop_table("approval")
