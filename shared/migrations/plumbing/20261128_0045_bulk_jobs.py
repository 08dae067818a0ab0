"""Keep acts that are done with many records at once, and what became of each record."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "e2a97c41d8b6"
down_revision = "7b41e90c5da2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulk_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False, comment="what it is done with: lead, deal"),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="queued, running, done, cancelled, stopped"),
        sa.Column("given", JSONB(), nullable=False, comment="the body of the act; may name people"),
        sa.Column("filter", JSONB(), comment="what the records were chosen by, if not by their ids; may name people"),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("after", sa.Uuid(), comment="the last record that was done or refused"),
        sa.Column("error", sa.Text(), comment="why it was stopped"),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("roles", JSONB(), nullable=False, comment="of whoever asked, by their token"),
        sa.Column("roster_role", sa.Text(), comment="of whoever asked, by the roster"),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False, comment="who waits longest has the next turn"),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_job")),
        comment="an act that somebody has asked for with many records",
    )
    op.create_index("ix_bulk_job_open", "bulk_job", ["record", "moved_at"], postgresql_where=sa.text("state IN ('queued', 'running')"))
    op.create_index("ix_bulk_job_created_at_id", "bulk_job", ["created_at", "id"])
    op.create_index(op.f("ix_bulk_job_asked_by"), "bulk_job", ["asked_by"])
    op.create_table(
        "bulk_record",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False, comment="of the record"),
        sa.Column("version", sa.BigInteger(), comment="the one that whoever asked has seen, if they said so"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="waiting, done, refused"),
        sa.Column("code", sa.Text()),
        sa.Column("message", sa.Text()),
        sa.Column("unmet", JSONB(), server_default=sa.text("'[]'"), nullable=False, comment="the guards that stood in the way"),
        sa.ForeignKeyConstraint(["job_id"], ["bulk_job.id"], name=op.f("fk_bulk_record_job_id_bulk_job")),
        sa.PrimaryKeyConstraint("job_id", "id", name=op.f("pk_bulk_record")),
    )


def downgrade() -> None:
    op.drop_table("bulk_record")
    op.drop_table("bulk_job")
