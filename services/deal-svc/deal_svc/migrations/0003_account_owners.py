"""Who owns an account, so that deals are opened only on customers that the seller may see. The events are read again for it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account_name", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.add_column(
        "account_name",
        sa.Column(
            "owner_known",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="false until its events were read for owners",
        ),
    )
    op.add_column(
        "account_name",
        sa.Column(
            "told_version", sa.BigInteger(), nullable=False, server_default=sa.text("0"), comment="of the last event that it comes from"
        ),
    )
    # What is known already is not to be set back while the events are read from the beginning.
    op.execute(
        "UPDATE account_name SET told_version = s.version FROM consumer_seen s "
        "WHERE s.consumer = 'deal-svc' AND s.subject = account_name.id"
    )
    # Another consumer reads accounts from now on: this one would look as if it had stopped.
    op.execute("DELETE FROM consumer_offset WHERE consumer = 'deal-svc' AND topic = 'clinch.account.events.v1'")


def downgrade() -> None:
    op.drop_column("account_name", "told_version")
    op.drop_column("account_name", "owner_known")
    op.drop_column("account_name", "owner_id")
