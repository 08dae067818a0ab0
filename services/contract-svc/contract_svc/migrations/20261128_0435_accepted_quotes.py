"""Keep accepted quotes, so that a contract can be drafted again; one that was terminated no longer stands in its way."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a41be07c93d5"
down_revision = "d93f608b2c71"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accepted_quote",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("deal_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column(
            "told",
            postgresql.JSONB(astext_type=sa.Text()),
            autoincrement=False,
            nullable=False,
            comment="the data of quote.accepted",
        ),
        sa.Column("accepted_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("ended", sa.Text(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_quote")),
        comment="quotes that customers accepted, as deal-svc told: a contract is drafted of one again when the first one fell",
    )
    op.create_index(op.f("ix_accepted_quote_deal_id"), "accepted_quote", ["deal_id"])
    stands = sa.text("state NOT IN ('voided', 'terminated')")
    op.create_index("uq_contract_standing_quote", "contract", ["quote_id"], unique=True, postgresql_where=stands)
    op.drop_index("uq_contract_live_quote", table_name="contract")


def downgrade() -> None:
    op.create_index("uq_contract_live_quote", "contract", ["quote_id"], unique=True, postgresql_where=sa.text("state <> 'voided'"))
    op.drop_index("uq_contract_standing_quote", table_name="contract")
    op.drop_table("accepted_quote")
