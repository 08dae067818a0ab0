"""Keep what lead-svc tells of accounts in every service's directory of parties."""

import sqlalchemy as sa
from alembic import op

revision = "a93e5c07d1f4"
down_revision = "3f70c2d8be15"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "party_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "version",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="of its last event; 0 while an import alone names it",
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_account")),
        comment="accounts as lead-svc, the party master, tells of them; lead-svc itself has its own table of them",
    )


def downgrade() -> None:
    op.drop_table("party_account")
