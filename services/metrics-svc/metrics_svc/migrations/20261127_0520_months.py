"""Cells of whole months, for figures by owner and by two dimensions. The worker fills them when it starts."""

import sqlalchemy as sa
from alembic import op

revision = "6be1d07c94fa"
down_revision = "c14cbfa11821"
branch_labels = None
depends_on = None


def upgrade() -> None:
    word = sa.Text(collation="C")
    op.create_table(
        "cell_month",
        sa.Column("measure", word, nullable=False),
        sa.Column("dimension", word, nullable=False, comment="one, or two with a space between"),
        sa.Column("month", sa.Date(), nullable=False, comment="its first day; of a cohort's total over all months the same as in `cell`"),
        sa.Column("value", word, nullable=False),
        sa.Column("other", word, nullable=False, comment="the value of the second dimension"),
        sa.Column("cohort_month", sa.Date(), nullable=False, comment="the same as `month` for a measure without a cohort"),
        *_sums(),
        sa.PrimaryKeyConstraint("measure", "dimension", "month", "value", "other", "cohort_month", name=op.f("pk_cell_month")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "cell_pending",
        sa.Column("measure", word, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cohort_day", sa.Date(), nullable=False, comment="the same as `day` for a measure without a cohort"),
        *[sa.Column(name, word, nullable=False) for name in ("owner", "team", "source", "product", "region")],
        *_sums(),
        comment="what cells of months change by, until it is summed up",
        postgresql_with={"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 5000},
    )


def _sums() -> list[sa.Column[object]]:
    return [
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("us", sa.BigInteger(), nullable=False, comment="microseconds"),
    ]


def downgrade() -> None:
    op.drop_table("cell_pending")
    op.drop_table("cell_month")
