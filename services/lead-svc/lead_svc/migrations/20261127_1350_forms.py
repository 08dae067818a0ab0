"""Keep web forms, the versions that they had, and what is sent by them. Consents have the version that their event tells."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "d2a6f70c4b18"
down_revision = "c41d7ab9e5f2"
branch_labels = None
depends_on = None

_LEAD = sa.text("lead_id IS NOT NULL")


def _said() -> list[sa.Column[str]]:
    return [
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("medium", sa.Text(), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "form",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="what pages post to"),
        *_said(),
        sa.Column("definition", JSONB(), nullable=False, comment="fields, consents, origins and what else `Definition` has"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form")),
        sa.UniqueConstraint("key", name=op.f("uq_form_key")),
    )
    op.create_index("ix_form_created", "form", ["created_at", "id"])
    op.create_table(
        "form_version",
        sa.Column("form_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="the form's version from then on"),
        *_said(),
        sa.Column("definition", JSONB(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("form_id", "number", name=op.f("pk_form_version")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_form_version_form_id_form")),
        comment="append-only: what each form was",
    )
    op.create_table(
        "form_submission",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True, comment="why it could not be taken, as a code"),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("signal_id", sa.Uuid(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True, comment="which site it came from, as the browser says"),
        sa.Column("answers", JSONB(), nullable=False, comment="personal: field -> what they wrote"),
        sa.Column("consents", JSONB(), nullable=False, comment="purpose -> version of the text that they agreed to"),
        sa.Column("touch", JSONB(), nullable=False, comment="what brought them, as the landing address said"),
        sa.Column("visitor", sa.Text(), nullable=True, comment="personal: the visitor's id, until it is taken"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_submission")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_form_submission_form_id_form")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_form_submission_lead_id_lead")),
        sa.CheckConstraint("(state = 'taken') = (lead_id IS NOT NULL)", name=op.f("ck_form_submission_taken_for_a_lead")),
        comment="what people sent; the network address that it came from is not kept",
    )
    op.add_column(
        "consent",
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="1 once it is told; those that an upgrade made never were",
        ),
    )
    op.execute("UPDATE consent SET version = 1 FROM event WHERE event.subject = consent.id")
    op.create_index("ix_form_submission_form", "form_submission", ["form_id", "received_at", "id"])
    op.create_index("ix_form_submission_lead", "form_submission", ["lead_id", "received_at", "id"], postgresql_where=_LEAD)


def downgrade() -> None:
    op.drop_column("consent", "version")
    op.drop_table("form_submission")
    op.drop_table("form_version")
    op.drop_table("form")
