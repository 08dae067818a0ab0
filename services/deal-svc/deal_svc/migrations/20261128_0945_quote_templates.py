"""Templates of the documents of quotes, and what those name of the day on which a quote was sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b3f1d86c0e57"
down_revision = "e05b7c1a94d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quote_template",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True, comment="of sales; null for all"),
        sa.Column("texts", postgresql.JSONB(), nullable=False),
        sa.Column("accent", sa.Text(), nullable=False, comment="#rrggbb"),
        sa.Column("leaves_out", postgresql.JSONB(), nullable=False),
        sa.Column("logo", postgresql.JSONB(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("revision > 0", name=op.f("ck_quote_template_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_template")),
        sa.UniqueConstraint("name", "revision", name=op.f("uq_quote_template_name_revision")),
    )
    op.create_index(op.f("ix_quote_template_created_at_id"), "quote_template", ["created_at", "id"])
    op.create_index(op.f("ix_quote_template_state_channel"), "quote_template", ["state", "channel"])
    op.create_table(
        "quote_logo",
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the body"),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_quote_logo")),
        comment="images of templates, each once however many versions show it",
    )
    op.create_table(
        "quote_paper",
        sa.Column("quote_id", sa.Uuid(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False, comment="what the customer was called when it was sent"),
        sa.Column("letterhead", postgresql.JSONB(), nullable=False, comment="who the company was when it was sent"),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="from when on its documents are wanted; null when they are made, or made when asked for",
        ),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_paper_quote_id_quote")),
        sa.PrimaryKeyConstraint("quote_id", name=op.f("pk_quote_paper")),
        comment="what the documents of quotes that were sent name besides the quote, and whether they are still to be made",
    )
    op.create_index(
        op.f("ix_quote_paper_due_at"), "quote_paper", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.add_column(
        "quote",
        sa.Column(
            "template_id", sa.Uuid(), nullable=True, comment="the version of the template that it was sent with; null for the built-in one"
        ),
    )


def downgrade() -> None:
    op.drop_column("quote", "template_id")
    op.drop_table("quote_paper")
    op.drop_table("quote_logo")
    op.drop_table("quote_template")
