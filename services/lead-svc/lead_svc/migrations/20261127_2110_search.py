"""Keep what of each record is searched, and how far what is there already is in it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "e3b71f5a09c4"
down_revision = "5be08a417c2d"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_KINDS = ("lead", "account", "contact", "deal", "quote", "contract")


def upgrade() -> None:
    kinds = "lead, account, contact; deal, quote, contract as events tell of them"
    op.create_table(
        "search_entry",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment=kinds),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("public", sa.Text(), nullable=False, comment="a line for each searched value, in the form in which texts are compared"),
        sa.Column(
            "personal", sa.Text(), nullable=False, comment="the same of personal data: nobody finds by it who sees it masked"
        ),
        sa.Column("deal_id", sa.Uuid(), nullable=True, comment="of quotes and contracts, as told"),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("heard", sa.BigInteger(), nullable=True, comment="the version of the last event, of records of other services"),
        sa.Column("pieces", postgresql.ARRAY(sa.Integer()), nullable=False, comment="pieces of the texts, as numbers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
        comment="what of each record is searched",
    )
    op.create_index("ix_search_entry_newest", "search_entry", ["kind", "created_at", "id"])
    for name in ("deal", "account", "owner"):
        where = sa.text(f"{name}_id IS NOT NULL")
        op.create_index(f"ix_search_entry_{name}", "search_entry", [f"{name}_id"], postgresql_where=where)
    for kind in _KINDS:
        where = sa.text(f"kind = '{kind}'")
        op.create_index(f"ix_search_entry_pieces_{kind}", "search_entry", ["pieces"], postgresql_using="gin", postgresql_where=where)
    filling = op.create_table(
        "search_filling",
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False, comment="2 is the last: it finds what a process of the release before has written"),
        sa.Column("after", sa.Uuid(), nullable=True, comment="the last record that was entered"),
        sa.Column("due_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_search_filling")),
        comment="kinds of records of which those from before are entered into the index",
    )
    now = sa.func.now()
    op.execute(filling.insert().values([{"kind": kind, "round": 1, "due_at": now} for kind in ("lead", "account", "contact")]))


def downgrade() -> None:
    op.drop_table("search_filling")
    op.drop_table("search_entry")
