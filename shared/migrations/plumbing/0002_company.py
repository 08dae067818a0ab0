"""Store the company's zone and currency."""

import sqlalchemy as sa
from alembic import context, op

revision = "company"
down_revision = "plumbing_start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Store the zone and currency that the database is migrated with."""
    op.create_table(
        "company",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="1, and one more with each change"),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("reporting_currency", sa.Text(), nullable=False),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, comment="events recorded before are in the currency of the row before"
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="moving, moved, done: how far this database is with the change"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_company")),
        comment="the zone and currency that the data are kept in; services start with no others",
    )
    if company := context.config.attributes.get("company"):
        first = sa.text("INSERT INTO company VALUES (1, :zone, :currency, '1970-01-01T00:00:00Z', 'done')")
        op.execute(first.bindparams(zone=company[0], currency=company[1]))


def downgrade() -> None:
    op.drop_table("company")
