"""Keep reports on drafts of policy, with the records that they found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5d1f86a3c27e"
down_revision = "b7d04c91e6a2"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.create_table(
        "policy_simulation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="queued, running, done, failed, cancelled, outdated"),
        sa.Column("parts", _JSON, nullable=False, comment="for each simulation of the document: what it has found so far"),
        sa.Column("kept", sa.Integer(), nullable=False, comment="records that are listed"),
        sa.Column("left_out", sa.Integer(), nullable=False, comment="records that would differ too, beyond those that are listed"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("finished_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_simulation")),
        comment="reports on drafts of policy: for which real records they would decide otherwise",
    )
    op.create_index(
        "ix_policy_simulation_open", "policy_simulation", ["created_at"], postgresql_where=sa.text("state IN ('queued', 'running')")
    )
    op.create_index(op.f("ix_policy_simulation_name_number_created_at"), "policy_simulation", ["name", "number", "created_at"])
    op.create_table(
        "policy_difference",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("simulation_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("before", _JSON, nullable=True),
        sa.Column("after", _JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_difference")),
        comment="the records that a simulation has found",
    )
    op.create_index(op.f("ix_policy_difference_simulation_id_id"), "policy_difference", ["simulation_id", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_policy_difference_simulation_id_id"), table_name="policy_difference")
    op.drop_table("policy_difference")
    op.drop_index(op.f("ix_policy_simulation_name_number_created_at"), table_name="policy_simulation")
    op.drop_index("ix_policy_simulation_open", table_name="policy_simulation")
    op.drop_table("policy_simulation")
