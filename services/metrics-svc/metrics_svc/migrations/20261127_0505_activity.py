"""Count contacts with customers: of each lead and deal what was told of it, and what follows from it."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "c14cbfa11821"
down_revision = "e41b7a90c36d"
branch_labels = None
depends_on = None


def _column(name: str, kind: sa.types.TypeEngine[Any], nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, autoincrement=False, nullable=nullable)


def _dimensions() -> list[sa.Column[Any]]:
    ids = [_column(name, sa.Uuid(), nullable=True) for name in ("owner_id", "team_id")]
    return [*ids, *[_column(name, sa.Text(), nullable=True) for name in _TEXTS]]


_TEXTS = ("source", "product", "region", "campaign", "deal_kind", "medium")


def upgrade() -> None:
    # The lane's reader starts at the beginning of the log, so that contacts of the past count too.
    for table, names in (("worked_lead", ("contacts", "deals")), ("worked_deal", ("leads", "history"))):
        lists = [_column(name, JSONB()) for name in names]
        op.create_table(table, _column("id", sa.Uuid()), *lists, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")))
    op.create_table(
        "interaction_fact",
        *_dimensions(),
        _column("lead_id", sa.Uuid()),
        _column("n", sa.BigInteger()),
        _column("kind", sa.Text()),
        _column("direction", sa.Text()),
        _column("at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("lead_id", "n", name=op.f("pk_interaction_fact")),
    )
    op.create_index("ix_interaction_fact_kind_at", "interaction_fact", ["kind", "at"])
    op.create_index("ix_interaction_fact_owner_id", "interaction_fact", ["owner_id"])
    op.create_table(
        "win_fact",
        *_dimensions(),
        _column("deal_id", sa.Uuid()),
        _column("n", sa.BigInteger()),
        _column("at", sa.DateTime(timezone=True)),
        _column("contacts", sa.BigInteger()),
        _column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("deal_id", "n", name=op.f("pk_win_fact")),
    )
    op.create_index("ix_win_fact_at", "win_fact", ["at"])
    op.create_index("ix_win_fact_owner_id", "win_fact", ["owner_id"])


def downgrade() -> None:
    for table in ("win_fact", "interaction_fact", "worked_deal", "worked_lead"):
        op.drop_table(table)
