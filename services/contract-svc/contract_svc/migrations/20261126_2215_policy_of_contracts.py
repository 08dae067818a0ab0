"""Keep what the policy said when a contract was drafted; those that are there began with version 1."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "ffe78d310b18"
down_revision = "e83d19f6b7c4"
branch_labels = None
depends_on = None

_PARTS = """'["legal", "finance", "manager"]'"""


def upgrade() -> None:
    # The defaults stay: processes of the release before write contracts without these columns until they end.
    for name, default, says in (
        ("policy_version", "1", "of the document that it was drafted by"),
        ("acceptance_days", "30", "calendar days after the day of go-live"),
        ("core_count", "3", "how many core clauses must be marked"),
    ):
        op.add_column("contract", sa.Column(name, sa.Integer(), server_default=sa.text(default), nullable=False, comment=says))
    parts = sa.Column("review_parts", JSONB(), server_default=sa.text(_PARTS), nullable=False, comment="the parts that its review needs")
    op.add_column("contract", parts)
    says = "from sending to the last day to sign, where nobody names one"
    op.add_column("contract", sa.Column("sign_within_days", sa.Integer(), nullable=True, comment=says))
