"""normal sources"""

import sqlalchemy as sa
from alembic import op

from shared.spelling import normal_source

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    at = op.get_bind()
    for (source,) in at.execute(sa.text("SELECT DISTINCT source FROM contract WHERE source IS NOT NULL")).all():
        if (normal := normal_source(source)) != source:
            at.execute(sa.text("UPDATE contract SET source = :normal WHERE source = :source"), {"normal": normal, "source": source})
