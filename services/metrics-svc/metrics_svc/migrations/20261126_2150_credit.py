"""Keep whom each counted thing is credited to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "05a9334c325c"
down_revision = "9891dcc95a12"
branch_labels = None
depends_on = None

_CREDITS = (("lead_fact", "mql"), ("lead_fact", "sql"), ("deal_fact", "qualified"), ("visit_fact", "left"), ("milestone_fact", "due"))


def upgrade() -> None:
    # The worker derives everything again from the log when it starts. Where the log is cut, today's owners have to do for the past.
    for table, name in (*_CREDITS, ("lead_fact", "now")):
        for kind in ("owner", "team"):
            op.add_column(table, sa.Column(f"{name}_{kind}_id", sa.Uuid(), autoincrement=False, nullable=True))
    op.execute("UPDATE lead_fact SET now_owner_id = owner_id, now_team_id = team_id")
    op.execute("UPDATE lead_fact SET mql_owner_id = owner_id, mql_team_id = team_id WHERE mql_at IS NOT NULL")
    op.execute("UPDATE lead_fact SET sql_owner_id = owner_id, sql_team_id = team_id WHERE sql_at IS NOT NULL OR converted_at IS NOT NULL")
    op.add_column("deal_fact", sa.Column("account_id", sa.Uuid(), autoincrement=False, nullable=True))
    for table, name in _CREDITS:
        column = f"{name}_owner_id"
        op.create_index(f"ix_{table}_{column}", table, [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))
    op.create_table(
        "contract_fact",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("holders", JSONB(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_fact")),
    )
    op.create_index("ix_milestone_fact_contract_id", "milestone_fact", ["contract_id"])
    op.create_index("ix_payment_fact_contract_id", "payment_fact", ["contract_id"])
    op.drop_index("ix_milestone_fact_owner_id", "milestone_fact")
