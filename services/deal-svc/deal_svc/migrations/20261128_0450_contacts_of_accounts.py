"""Keep which contact belongs to which account: what is told of contacts is read from the beginning."""

import sqlalchemy as sa
from alembic import op

revision = "f3b9617d0ae2"
down_revision = "c27d90e5b118"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_contact",
        sa.Column("contact_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column(
            "told_version",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="of the contact's event; 0 where only a converted lead has named it so far",
        ),
        sa.Column("account_id", sa.Uuid(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_account_contact")),
        comment="which contact belongs to which account, as lead-svc, the party master, tells; ids only",
    )


def downgrade() -> None:
    op.drop_table("account_contact")
