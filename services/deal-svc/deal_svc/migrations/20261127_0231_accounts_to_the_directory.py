"""Take what is known of accounts to the directory of parties, which reads the log again from its beginning."""

from alembic import op

revision = "4b8e20f7c6da"
down_revision = "7d20e4b1c95a"
branch_labels = None
depends_on = "a93e5c07d1f4"

_READ_BY_NAME = "('deal-accounts', 'deal-names')"
_BARRED = 2**63 - 1


def upgrade() -> None:
    # Whoever was known without an owner stays open to those who see all, until the account's events are read.
    op.execute(
        "INSERT INTO party_account (id, version, name, owner_id, region) "
        "SELECT id, CASE WHEN owner_known THEN told_version ELSE 0 END, name, owner_id, region FROM account_name ON CONFLICT DO NOTHING"
    )
    # The directory's reader does the work of these two. An offset outside the log stops those of the release before.
    op.execute(f"UPDATE consumer_offset SET next = {_BARRED} WHERE consumer IN {_READ_BY_NAME}")
    op.execute(
        f"UPDATE dead_letter SET settled_at = now(), outcome = 'read again by parties' WHERE consumer IN {_READ_BY_NAME} AND settled_at IS NULL"
    )


def downgrade() -> None:
    op.execute(f"DELETE FROM consumer_offset WHERE consumer IN {_READ_BY_NAME}")
