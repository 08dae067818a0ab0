"""Keep the scores of leads, what is predicted of them, and how far a new scoring model is with them."""

import sqlalchemy as sa
from alembic import op

revision = "c41d7ab9e5f2"
down_revision = "4c8e17d2ab60"
branch_labels = None
depends_on = None

_LEAD = ["lead_id"], ["lead.id"]
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.alter_column("lead", "score", comment="of the release before, which never filled it: goes with the next one", existing_type=sa.Integer())
    op.create_table(
        "lead_score",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False, comment="the points that were last told"),
        sa.Column("scored_at", _AT, nullable=False, comment="the points are those of this moment"),
        sa.Column("next_at", _AT, nullable=True, comment="when points fall by themselves; empty when they never do"),
        sa.Column("policy_version", sa.Integer(), nullable=False, comment="of the scoring model that gave them"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_score")),
        sa.UniqueConstraint("lead_id", name=op.f("uq_lead_score_lead_id")),
        sa.ForeignKeyConstraint(*_LEAD, name=op.f("fk_lead_score_lead_id_lead")),
        comment="what the rules of the scoring model give each lead",
    )
    op.create_index("ix_lead_score_points", "lead_score", ["points", "lead_id"])
    op.create_index("ix_lead_score_next", "lead_score", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_table(
        "lead_prediction",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False, comment="percent"),
        sa.Column("best_call_at", _AT, nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("predicted_at", _AT, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_prediction")),
        sa.UniqueConstraint("lead_id", name=op.f("uq_lead_prediction_lead_id")),
        sa.ForeignKeyConstraint(*_LEAD, name=op.f("fk_lead_prediction_lead_id_lead")),
        sa.CheckConstraint("probability >= 0 AND probability <= 100", name=op.f("ck_lead_prediction_probability")),
        comment="what a model of somebody else predicts of a lead; shown beside the score",
    )
    op.create_table(
        "rescoring",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("mqls", sa.Integer(), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True, comment="the last lead that was looked at"),
        sa.Column("started_at", _AT, nullable=False),
        sa.Column("finished_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescoring")),
        sa.UniqueConstraint("policy_version", name=op.f("uq_rescoring_policy_version")),
        comment="each scoring model on its way through all leads",
    )
    op.create_index("ix_rescoring_started", "rescoring", ["started_at", "id"])
