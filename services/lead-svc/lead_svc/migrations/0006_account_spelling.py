"""Accounts are found by their name in whatever spelling: a converted lead joins the one there is."""

import sqlalchemy as sa
from alembic import op

from shared.spelling import compared

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STEP = 5000


def upgrade() -> None:
    op.add_column(
        "account", sa.Column("compared", sa.Text(), nullable=True, comment="the name without case, width and needless blanks")
    )
    at = op.get_bind()
    after = "00000000-0000-0000-0000-000000000000"
    while True:
        read = sa.text(f"SELECT id, name FROM account WHERE id > CAST(CAST(:after AS text) AS uuid) ORDER BY id LIMIT {STEP}")
        rows = at.execute(read, {"after": after}).all()
        if not rows:
            break
        fill = sa.text(
            "UPDATE account SET compared = n.compared FROM unnest(CAST(:ids AS text[]), CAST(:names AS text[])) AS n (id, compared) "
            "WHERE account.id = n.id::uuid"
        )
        at.execute(fill, {"ids": [str(id) for id, _ in rows], "names": [compared(name) for _, name in rows]})
        after = str(rows[-1][0])
    op.alter_column("account", "compared", nullable=False)
    op.create_index("ix_account_compared", "account", ["compared"])


def downgrade() -> None:
    op.drop_index("ix_account_compared", "account")
    op.drop_column("account", "compared")
