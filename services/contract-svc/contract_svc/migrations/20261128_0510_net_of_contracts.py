"""Keep the net and the tax of a contract; those that are there get what their lines say."""

import sqlalchemy as sa
from alembic import op

revision = "4e7a91c3d5f2"
down_revision = "b7f20c6e91d4"
branch_labels = None
depends_on = None

# Only where they add up: a contract of which they do not is shown by its quote's.
_FILL = """
UPDATE contract SET net = of_lines.net, tax = of_lines.tax
FROM (SELECT c.id, sum((line->>'net')::numeric) AS net, sum((line->>'tax')::numeric) AS tax
      FROM contract c CROSS JOIN LATERAL jsonb_array_elements(c.lines) AS line GROUP BY c.id) AS of_lines
WHERE of_lines.id = contract.id AND of_lines.net + of_lines.tax = contract.total
"""


def upgrade() -> None:
    # They may be empty: processes of the release before write contracts without them until they end.
    net = "of the total, without tax; none in rows that the release before wrote"
    op.add_column("contract", sa.Column("net", sa.Numeric(18, 4), autoincrement=False, nullable=True, comment=net))
    tax = "of the total; none where there is no net"
    op.add_column("contract", sa.Column("tax", sa.Numeric(18, 4), autoincrement=False, nullable=True, comment=tax))
    op.execute(_FILL)


def downgrade() -> None:
    op.drop_column("contract", "tax")
    op.drop_column("contract", "net")
