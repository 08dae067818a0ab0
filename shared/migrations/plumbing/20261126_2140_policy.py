"""Keep documents of policy in versions, and copies of other services' active ones."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b41c77d0e92a"
down_revision = "import_flags"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "policy_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="the document's: the service's name, or company"),
        sa.Column("number", sa.Integer(), nullable=False, comment="1 for the defaults that the database began with"),
        sa.Column("state", sa.Text(), nullable=False, comment="draft, approved, active, retired, withdrawn"),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "based_on", sa.Integer(), nullable=False, comment="the version that was active when it was drafted or last changed; 0 for none"
        ),
        sa.Column("running", sa.Text(), nullable=False, comment="keep or move: what happens to what runs when it becomes active"),
        sa.Column("note", sa.Text(), nullable=True, comment="why"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was withdrawn"),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", _AT, nullable=True),
        sa.Column("activated_by", sa.Uuid(), nullable=True),
        sa.Column("active_from", _AT, nullable=True, comment="since when it is active, or from when on it will be"),
        sa.Column("retired_at", _AT, nullable=True),
        sa.Column("move_after", sa.Uuid(), nullable=True, comment="up to which record what runs has moved"),
        sa.Column("moved_at", _AT, nullable=True, comment="since when all that runs has moved"),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("updated_at", _AT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
        sa.UniqueConstraint("name", "number", name=op.f("uq_policy_version_name_number")),
        comment="the documents of policy that this service owns, in all their versions",
    )
    op.create_index("ix_policy_version_active", "policy_version", ["name"], unique=True, postgresql_where=sa.text("state = 'active'"))
    op.create_table(
        "policy_copy",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active_from", _AT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="of the event that told it"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_policy_copy")),
        comment="the active documents of other services, as their events told them",
    )


def downgrade() -> None:
    op.drop_table("policy_copy")
    op.drop_index("ix_policy_version_active", table_name="policy_version", postgresql_where=sa.text("state = 'active'"))
    op.drop_table("policy_version")
