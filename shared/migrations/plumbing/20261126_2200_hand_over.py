"""Hand a person's records over to somebody else."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5c1e0d9a7b42"
down_revision = "5d1f86a3c27e"
branch_labels = None
depends_on = None


def _counts(name: str, comment: str) -> sa.Column[dict[str, object]]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False, comment=comment)


def upgrade() -> None:
    op.create_table(
        "hand_over",
        sa.Column("id", sa.Uuid(), nullable=False, comment="of the hand-over and the service"),
        sa.Column("hand_over_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2, 3 ... of the person whose records they are"),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column("kinds", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="which of their records; empty for all"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True, comment="the event that told of it"),
        _counts("cursor", "part -> the last id that was moved, or end"),
        _counts("moved", "part -> how many records"),
        _counts("remaining", "part -> how many are still to be moved"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="of the last event that told how far it is",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over")),
        comment="a person's records that go to somebody else: one row for each service, in lead-svc also those of the others",
    )
    op.create_index("ix_hand_over_open", "hand_over", ["service", "told_at"], postgresql_where=sa.text("done_at IS NULL"))
    op.create_index(op.f("ix_hand_over_from_id_number"), "hand_over", ["from_id", "number"])


def downgrade() -> None:
    op.drop_table("hand_over")
