"""Find leads by what they have in common, whatever the spelling, and keep which ones may be the same."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "4c8e17d2ab60"
down_revision = "5be91d7c20a6"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_lead_email_key": ("lower(normalize(email, NFKC))", "email"),
    "ix_lead_phone_key": ("right(translate(phone, ' -+()/.', ''), 7)", "phone"),
    "ix_lead_company_name": ("lower(left(translate(company, ' .,-&()', ''), 6) || '/' || left(contact_name, 3))", "contact_name", "company"),
}


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    for name, (key, *known) in _INDEXES.items():
        where = " AND ".join(f"{column} IS NOT NULL" for column in known)
        op.get_bind().exec_driver_sql(f"CREATE INDEX {name} ON lead (({key})) WHERE {where}")
    op.create_table(
        "lead_duplicate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("matches", postgresql.JSONB(), nullable=False, comment="what they have in common, and what each counts for"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it is no duplicate, in somebody's own words"),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        _at("decided_at", nullable=True),
        _at("created_at"),
        _at("updated_at"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("lead_id < other_id", name=op.f("ck_lead_duplicate_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_duplicate")),
        comment="pairs of leads that may be the same, each once; no row where nobody has looked yet",
    )
    op.create_index("ix_lead_duplicate_lead_id", "lead_duplicate", ["lead_id"])
    op.create_index("ix_lead_duplicate_other_id", "lead_duplicate", ["other_id"])
    op.create_index("ix_lead_duplicate_created", "lead_duplicate", ["created_at", "id"])


def downgrade() -> None:
    op.drop_table("lead_duplicate")
    for name in _INDEXES:
        op.drop_index(name, "lead")
