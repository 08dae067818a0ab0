"""known name"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from shared.ids import external_id
from shared.spelling import compared_key, normal_source

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'known_name',
        sa.Column('kind', sa.Text(), nullable=False, comment='account or person'),
        sa.Column('spelling', sa.Text(), nullable=False),
        sa.Column('compared', sa.Text(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False, comment='the earliest of several spellings is what a new one stands for'),
        sa.Column('stub', sa.Boolean(), nullable=False, comment='only an import has used it so far; whoever is entered under the name takes it over'),
        sa.PrimaryKeyConstraint('kind', 'spelling', name=op.f('pk_known_name')),
        comment='records whose id is not made from the compared form of their name',
    )
    op.create_index('ix_known_name_compared', 'known_name', ['kind', 'compared'], unique=False)
    _learn('account')
    _learn('person')
    _normal_sources()


def _learn(kind: str) -> None:
    """What has a key already keeps its id; other spellings of the key find it from now on."""
    at = op.get_bind()
    known = at.execute(sa.text(f"SELECT id, external_id, created_at, imported FROM {kind} WHERE external_id IS NOT NULL")).all()
    rows = [
        {"kind": kind, "spelling": key, "compared": form, "id": UUID(str(id)), "since": since, "stub": stub}
        for id, key, since, stub in known
        if (form := compared_key(key)) and (kind == "person" or external_id(kind, form) != UUID(str(id)))
    ]
    table = sa.table("known_name", *[sa.column(n) for n in ("kind", "spelling", "compared")], sa.column("id", sa.Uuid()),
                     sa.column("since", sa.DateTime(timezone=True)), sa.column("stub", sa.Boolean()))
    op.bulk_insert(table, rows)


def _normal_sources() -> None:
    at = op.get_bind()
    for (source,) in at.execute(sa.text("SELECT DISTINCT source FROM lead WHERE source IS NOT NULL")).all():
        if (normal := normal_source(source)) != source:
            at.execute(sa.text("UPDATE lead SET source = :normal WHERE source = :source"), {"normal": normal, "source": source})
