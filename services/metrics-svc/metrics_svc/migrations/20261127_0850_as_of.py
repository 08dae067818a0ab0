"""Cells of days of cohorts, for figures by dimension as of a day within a month. The worker fills them when it starts."""

import sqlalchemy as sa
from alembic import op

revision = "b07d52e9c4a1"
down_revision = "5883d213ebb1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    word = sa.Text(collation="C")
    op.create_table(
        "cell_as_of",
        sa.Column("measure", word, nullable=False),
        sa.Column("dimension", word, nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="of what is counted, or of its cohort if that is later"),
        sa.Column("value", word, nullable=False),
        sa.Column("cohort_month", sa.Date(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("us", sa.BigInteger(), nullable=False, comment="microseconds"),
        sa.PrimaryKeyConstraint("measure", "dimension", "day", "value", "cohort_month", name=op.f("pk_cell_as_of")),
        postgresql_with={"fillfactor": 70},
    )


def downgrade() -> None:
    op.drop_table("cell_as_of")
