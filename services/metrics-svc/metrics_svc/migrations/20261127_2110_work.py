"""List open work over all services: what each lead, deal and contract has told of it, and a row for each item that is open."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "b9d04c7e1f36"
down_revision = "e8b5147ca290"
branch_labels = None
depends_on = None


def _columns(kind: sa.types.TypeEngine[Any], *names: str, nullable: bool = True) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, autoincrement=False, nullable=nullable) for name in names]


def upgrade() -> None:
    # The reader of this lane starts at the beginning of the log.
    op.create_table(
        "worked_record",
        *_columns(sa.Uuid(), "id", nullable=False),
        *_columns(sa.Text(), "subject"),
        *_columns(sa.Uuid(), "owner_id", "team_id", "account_id", "deal_id"),
        *_columns(sa.Text(), "name"),
        *_columns(sa.Boolean(), "known", nullable=False),
        *_columns(JSONB(), "items", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worked_record")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_table(
        "work_item",
        *_columns(sa.Uuid(), "record_id", nullable=False),
        *_columns(sa.BigInteger(), "n", nullable=False),
        *_columns(sa.Uuid(), "id", nullable=False),
        *_columns(sa.Text(), "kind", "subject", nullable=False),
        *_columns(sa.Uuid(), "assignee_id", "owner_id", "team_id", "account_id", "deal_id"),
        *_columns(sa.Text(), "name", "what"),
        *_columns(sa.DateTime(timezone=True), "since", nullable=False),
        *_columns(sa.DateTime(timezone=True), "due_at"),
        *_columns(sa.Boolean(), "overdue", "escalated", nullable=False),
        *_columns(sa.Uuid(), "approval_id"),
        *_columns(JSONB(), "roles", "people", "not_by", nullable=False),
        *_columns(sa.Numeric(), "amount"),
        *_columns(sa.Text(), "currency"),
        sa.PrimaryKeyConstraint("record_id", "n", name=op.f("pk_work_item")),
        postgresql_with={"fillfactor": 100},
    )
    op.create_index("ix_work_item_due_at_id", "work_item", ["due_at", "id"])
    op.create_index("ix_work_item_assignee_id_due_at_id", "work_item", ["assignee_id", "due_at", "id"])
    op.create_index("ix_work_item_team_id_due_at_id", "work_item", ["team_id", "due_at", "id"])
    op.create_index("ix_work_item_owner_id", "work_item", ["owner_id"])
    for name in ("approval_id", "deal_id", "account_id"):
        op.create_index(f"ix_work_item_{name}", "work_item", [name], postgresql_where=sa.text(f"{name} IS NOT NULL"))


def downgrade() -> None:
    op.drop_table("work_item")
    op.drop_table("worked_record")
