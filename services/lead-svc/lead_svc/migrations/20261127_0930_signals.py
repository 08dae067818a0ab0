"""Keep the signals of leads and visitors."""

import sqlalchemy as sa
from alembic import op

revision = "b7c92e04f1d6"
down_revision = "f08c27b6e1d4"
branch_labels = None
depends_on = None

_LEAD = ["lead_id"], ["lead.id"]
_KNOWN = sa.text("lead_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "signal",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False, comment="made from the id that its sender gives it"),
        sa.Column("lead_id", sa.Uuid(), nullable=True, comment="empty while nobody knows whose it is"),
        sa.Column(
            "visitor",
            sa.Text(),
            nullable=True,
            comment="personal: under which name it waits; empty when its lead is known",
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True, comment="how much: seconds, pages"),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("medium", sa.Text(), nullable=True),
        sa.Column("term", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("by", sa.Uuid(), nullable=False, comment="who sent it"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal")),
        sa.ForeignKeyConstraint(*_LEAD, name=op.f("fk_signal_lead_id_lead")),
        sa.CheckConstraint("(lead_id IS NULL) = (visitor IS NOT NULL)", name=op.f("ck_signal_known_or_waits")),
        comment="what leads and visitors did; those of visitors wait until it is known whose they are",
    )
    op.create_index("ix_signal_lead", "signal", ["lead_id", "at", "id"], postgresql_where=_KNOWN)
    op.create_index("ix_signal_at", "signal", ["at", "id"], postgresql_where=_KNOWN)
    op.create_index("ix_signal_visitor", "signal", ["visitor"], postgresql_where=sa.text("visitor IS NOT NULL"))
    op.create_table(
        "visitor",
        sa.Column(
            "id",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="personal: the visitor's id, or an address of somebody who is no lead yet",
        ),
        sa.Column("lead_id", sa.Uuid(), nullable=True, comment="who it turned out to be"),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, comment="the last signal, by when it was recorded"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitor")),
        sa.ForeignKeyConstraint(*_LEAD, name=op.f("fk_visitor_lead_id_lead")),
        comment="who signals come from that do not name a lead",
    )
    op.create_index("ix_visitor_lead", "visitor", ["lead_id"], postgresql_where=_KNOWN)
    op.create_index("ix_visitor_seen", "visitor", ["seen_at"])
