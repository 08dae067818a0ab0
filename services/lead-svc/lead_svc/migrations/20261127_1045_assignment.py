"""Say which language a lead speaks, when people work and when they are away, and what the rules decided about who gets a lead."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c6d2f08a91b4"
down_revision = "b7c92e04f1d6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lead", sa.Column("language", sa.Text(), nullable=True))
    op.add_column(
        "person",
        sa.Column(
            "works", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="week, hours, zone; empty: as the company does"
        ),
    )
    op.create_index(
        "ix_lead_open_owner", "lead", ["owner_id", "state"], postgresql_where=sa.text("state NOT IN ('converted', 'disqualified')")
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_absence_forwards")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_absence_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index("ix_absence_person", "absence", ["person_id", "last_day"])
    op.create_table(
        "lead_assignment",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("passed", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="person -> why, load"),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_assignment_lead_id_lead")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_assignment")),
        sa.UniqueConstraint("lead_id", name=op.f("uq_lead_assignment_lead_id")),
        comment="what the rules last decided about a lead, and why",
    )
    op.create_index("ix_lead_assignment_waiting", "lead_assignment", ["at", "id"], postgresql_where=sa.text("outcome = 'waiting'"))
    op.create_table(
        "assignment_turn",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "person_id", name=op.f("pk_assignment_turn")),
        comment="how far each person of a rule is: whoever is least far gets the next lead",
    )
