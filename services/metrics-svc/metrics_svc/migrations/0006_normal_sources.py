"""normal sources"""

import sqlalchemy as sa
from alembic import op

from shared.spelling import normal_source

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_FACTS = ("lead_fact", "deal_fact", "visit_fact", "outcome_fact", "amount_fact", "milestone_fact", "payment_fact", "allocation_fact")


def upgrade() -> None:
    """Facts as they are derived now; the worker computes the cells from them when it finds none of this version."""
    at = op.get_bind()
    for fact in _FACTS:
        for (source,) in at.execute(sa.text(f"SELECT DISTINCT source FROM {fact} WHERE source IS NOT NULL")).all():
            if (normal := normal_source(source)) != source:
                at.execute(sa.text(f"UPDATE {fact} SET source = :normal WHERE source = :source"), {"normal": normal, "source": source})
    op.execute("DELETE FROM projection WHERE name = 'cells'")
