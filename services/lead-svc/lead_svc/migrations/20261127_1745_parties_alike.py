"""Keep which accounts and contacts may be the same, and find the newest records that have something in common."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "7d41c09be528"
down_revision = "5f20c8e4b97d"
branch_labels = None
depends_on = None

_EMAIL, _PHONE = "lower(normalize(email, NFKC))", "right(translate(phone, ' -+()/.', ''), 7)"
_NAME = "lower(left(translate(company, ' .,-&()', ''), 6) || '/' || left(contact_name, 3))"
_REPLACED = {
    "ix_lead_email_key": ("ix_lead_email_newest", _EMAIL, "email"),
    "ix_lead_phone_key": ("ix_lead_phone_newest", _PHONE, "phone"),
    "ix_lead_company_name": ("ix_lead_company_name_newest", _NAME, "contact_name", "company"),
}
_NEW = (
    f"CREATE INDEX ix_contact_email_newest ON contact (({_EMAIL}), created_at) WHERE email IS NOT NULL",
    f"CREATE INDEX ix_contact_phone_newest ON contact (({_PHONE}), created_at) WHERE phone IS NOT NULL",
    "CREATE INDEX ix_contact_name_newest ON contact (account_id, (lower(left(name, 3))), created_at)",
    "CREATE INDEX ix_account_letters ON account ((translate(compared, ' .,-&()/', '')) text_pattern_ops)",
)


def _where(columns: list[str]) -> str:
    return " AND ".join(f"{column} IS NOT NULL" for column in columns)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for old, (name, key, *known) in _REPLACED.items():
        run(f"CREATE INDEX {name} ON lead (({key}), created_at) WHERE {_where(known)}")
        op.drop_index(old, "lead")
    for statement in _NEW:
        run(statement)
    for kind in ("account", "contact"):
        name = f"{kind}_duplicate"
        op.create_table(
            name,
            sa.Column("id", sa.Uuid(), nullable=False),
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
            sa.Column(f"{kind}_id", sa.Uuid(), nullable=False),
            sa.CheckConstraint(f"{kind}_id < other_id", name=op.f(f"ck_{name}_order")),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            comment=f"pairs of {kind}s that may be the same, each once; no row where nobody has looked yet",
        )
        op.create_index(f"ix_{name}_{kind}_id", name, [f"{kind}_id"])
        op.create_index(f"ix_{name}_other_id", name, ["other_id"])
        op.create_index(f"ix_{name}_created", name, ["created_at", "id"])


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    op.drop_table("contact_duplicate")
    op.drop_table("account_duplicate")
    op.drop_index("ix_account_letters", "account")
    for name in ("ix_contact_name_newest", "ix_contact_phone_newest", "ix_contact_email_newest"):
        op.drop_index(name, "contact")
    for old, (name, key, *known) in _REPLACED.items():
        run(f"CREATE INDEX {old} ON lead (({key})) WHERE {_where(known)}")
        op.drop_index(name, "lead")
