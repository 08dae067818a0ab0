"""lead_funnel"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_TIMES = ('f4_at', 'f5_at', 'f6_at', 'f7_at', 'first_mql_at')


def upgrade() -> None:
    # What is new is derived from what is there by the worker, when it starts (rebuild/derived.py).
    for name in _TIMES:
        op.add_column('lead_fact', sa.Column(name, sa.DateTime(timezone=True), autoincrement=False, nullable=True))
    op.add_column('deal_fact', sa.Column('qualified_at', sa.DateTime(timezone=True), autoincrement=False, nullable=True))
    op.add_column('outcome_fact', sa.Column('undone_at', sa.DateTime(timezone=True), autoincrement=False, nullable=True))
    op.add_column('outcome_fact', sa.Column('qualified', sa.Boolean(), autoincrement=False, nullable=True))
    _goals('goal_fact', 'deal_id', sa.Column('amount', sa.Numeric(), autoincrement=False, nullable=True),
           sa.Column('line', sa.Text(), autoincrement=False, nullable=True))
    _goals('lead_goal_fact', 'lead_id')
    for name in ('lead_fact', 'amount_fact'):
        op.execute(f'ALTER TABLE {name} SET (fillfactor = 70)')


def _goals(name: str, of: str, *more: sa.Column[object]) -> None:
    op.create_table(name,
    sa.Column(of, sa.Uuid(), autoincrement=False, nullable=False),
    sa.Column('n', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('owner_id', sa.Uuid(), autoincrement=False, nullable=True),
    sa.Column('team_id', sa.Uuid(), autoincrement=False, nullable=True),
    sa.Column('source', sa.Text(), autoincrement=False, nullable=True),
    sa.Column('product', sa.Text(), autoincrement=False, nullable=True),
    sa.Column('region', sa.Text(), autoincrement=False, nullable=True),
    sa.Column('kind', sa.Text(), autoincrement=False, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), autoincrement=False, nullable=False),
    *more,
    sa.Column('cohort_at', sa.DateTime(timezone=True), autoincrement=False, nullable=True),
    sa.PrimaryKeyConstraint(of, 'n', name=op.f(f'pk_{name}'))
    )
    op.create_index(f'ix_{name}_kind_cohort_at', name, ['kind', 'cohort_at'], unique=False)
    op.create_index(f'ix_{name}_owner_id', name, ['owner_id'], unique=False)


def downgrade() -> None:
    op.drop_table('lead_goal_fact')
    op.drop_table('goal_fact')
    op.drop_column('outcome_fact', 'qualified')
    op.drop_column('outcome_fact', 'undone_at')
    op.drop_column('deal_fact', 'qualified_at')
    for name in _TIMES:
        op.drop_column('lead_fact', name)
