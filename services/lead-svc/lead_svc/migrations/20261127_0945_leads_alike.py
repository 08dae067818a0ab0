"""Find leads by what they have in common, whatever the spelling, and keep which ones may be the same."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "4c8e17d2ab60"
down_revision = "e5a1c07b93d8"
branch_labels = None
depends_on = None

_LETTERS = "lower(regexp_replace(normalize({}, NFKC), '[[:space:][:punct:]]', '', 'g'))"
_NAME, _COMPANY = _LETTERS.format("contact_name"), _LETTERS.format("company")
_DOMAIN = "split_part(lower(normalize(email, NFKC)), '@', 2)"
_PLAIN_PHONE = r"regexp_replace(normalize(phone, NFKC), '([0-9)]) *(ext\.?|x|#|转|分机) *[0-9]+.*$', '\1', 'i')"
_INDEXES = {
    "ix_lead_email_key": ("lower(normalize(email, NFKC))", "email"),
    "ix_lead_phone_key": (f"right(regexp_replace({_PLAIN_PHONE}, '[^0-9]', '', 'g'), 7)", "phone"),
    "ix_lead_name_company": (f"({_NAME} || '/') || left({_COMPANY}, 2)", "contact_name", "company"),
    "ix_lead_name_domain": (f"({_NAME} || '/') || {_DOMAIN}", "contact_name", "email"),
    "ix_lead_company": (f"(left({_COMPANY}, 12) || '/') || lower(left(normalize(contact_name, NFKC), 1))", "contact_name", "company"),
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
