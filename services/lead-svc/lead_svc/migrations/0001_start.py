"""start"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = "plumbing_start"


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=True),
    sa.Column('region', sa.Text(), nullable=True),
    sa.Column('industry', sa.Text(), nullable=True),
    sa.Column('size', sa.Text(), nullable=True),
    sa.Column('tier', sa.Text(), nullable=True),
    sa.Column('imported', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='named by an import before anybody entered it'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('external_id', name=op.f('uq_account_external_id'))
    )
    op.create_index('ix_account_created', 'account', ['created_at', 'id'], unique=False)
    op.create_index('ix_account_name', 'account', ['name', 'id'], unique=False)
    op.create_index('ix_account_owner', 'account', ['owner_id', 'created_at', 'id'], unique=False)
    op.create_table('contact',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('job_title', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact')),
    sa.UniqueConstraint('external_id', name=op.f('uq_contact_external_id')),
    comment='personal data: never in events'
    )
    op.create_index('ix_contact_account', 'contact', ['account_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_contact_created', 'contact', ['created_at', 'id'], unique=False)
    op.create_table('interaction',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('lead_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='when it happened'),
    sa.Column('by', sa.Uuid(), nullable=False),
    sa.Column('key_points', sa.Text(), nullable=True),
    sa.Column('feedback', sa.Text(), nullable=True),
    sa.Column('questions', sa.Text(), nullable=True),
    sa.Column('concerns', sa.Text(), nullable=True),
    sa.Column('goals', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interaction')),
    comment='append-only; the texts may name people, so they are in no event'
    )
    op.create_index('ix_interaction_lead', 'interaction', ['lead_id', 'at', 'id'], unique=False)
    op.create_table('lead',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('captured_at', sa.DateTime(timezone=True), nullable=True, comment='first contact; empty while the lead is a stub that only an import has named'),
    sa.Column('source', sa.Text(), nullable=True),
    sa.Column('campaign', sa.Text(), nullable=True),
    sa.Column('medium', sa.Text(), nullable=True),
    sa.Column('first_touch', sa.Text(), nullable=True),
    sa.Column('last_touch', sa.Text(), nullable=True),
    sa.Column('referrer_account_id', sa.Uuid(), nullable=True),
    sa.Column('title', sa.Text(), nullable=True),
    sa.Column('company', sa.Text(), nullable=True),
    sa.Column('contact_name', sa.Text(), nullable=True, comment='personal'),
    sa.Column('email', sa.Text(), nullable=True, comment='personal'),
    sa.Column('phone', sa.Text(), nullable=True, comment='personal'),
    sa.Column('job_title', sa.Text(), nullable=True),
    sa.Column('region', sa.Text(), nullable=True),
    sa.Column('industry', sa.Text(), nullable=True),
    sa.Column('size', sa.Text(), nullable=True),
    sa.Column('product', sa.Text(), nullable=True),
    sa.Column('owner_id', sa.Uuid(), nullable=True),
    sa.Column('team_id', sa.Uuid(), nullable=True),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('grade', sa.Text(), nullable=False),
    sa.Column('bant', postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment='dimension -> status, evidence, by, at, months'),
    sa.Column('bant_score', sa.Integer(), nullable=False),
    sa.Column('intent', sa.Text(), nullable=True),
    sa.Column('responses', sa.Integer(), nullable=False),
    sa.Column('no_response_count', sa.Integer(), nullable=False),
    sa.Column('no_response_on', sa.Date(), nullable=True),
    sa.Column('last_response_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_contact_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('wake_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reactivations', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('contact_id', sa.Uuid(), nullable=True),
    sa.Column('deal_id', sa.Uuid(), nullable=True),
    sa.Column('conversion_id', sa.Uuid(), nullable=True),
    sa.Column('refusal', sa.Text(), nullable=True),
    sa.Column('deal_opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deal_won_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('flags', postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment='flag -> true'),
    sa.Column('imported', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lead')),
    sa.UniqueConstraint('external_id', name=op.f('uq_lead_external_id'))
    )
    op.create_index('ix_lead_account', 'lead', ['account_id'], unique=False)
    op.create_index('ix_lead_captured', 'lead', ['captured_at', 'id'], unique=False)
    op.create_index('ix_lead_created', 'lead', ['created_at', 'id'], unique=False)
    op.create_index('ix_lead_deal', 'lead', ['deal_id'], unique=False)
    op.create_index('ix_lead_owner', 'lead', ['owner_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_lead_source', 'lead', ['source', 'created_at', 'id'], unique=False)
    op.create_index('ix_lead_state', 'lead', ['state', 'created_at', 'id'], unique=False)
    op.create_index('ix_lead_team', 'lead', ['team_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_lead_updated', 'lead', ['updated_at', 'id'], unique=False)
    op.create_table('person',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('team_id', sa.Uuid(), nullable=True),
    sa.Column('active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('imported', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='named by an import before anybody entered it'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('external_id', name=op.f('uq_person_external_id'))
    )
    op.create_index('ix_person_created', 'person', ['created_at', 'id'], unique=False)
    op.create_index(op.f('ix_person_team_id'), 'person', ['team_id'], unique=False)
    op.create_table('team',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('parent_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team')),
    sa.UniqueConstraint('external_id', name=op.f('uq_team_external_id'))
    )
    op.create_index(op.f('ix_team_parent_id'), 'team', ['parent_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_team_parent_id'), table_name='team')
    op.drop_table('team')
    op.drop_index(op.f('ix_person_team_id'), table_name='person')
    op.drop_index('ix_person_created', table_name='person')
    op.drop_table('person')
    op.drop_index('ix_lead_updated', table_name='lead')
    op.drop_index('ix_lead_team', table_name='lead')
    op.drop_index('ix_lead_state', table_name='lead')
    op.drop_index('ix_lead_source', table_name='lead')
    op.drop_index('ix_lead_owner', table_name='lead')
    op.drop_index('ix_lead_deal', table_name='lead')
    op.drop_index('ix_lead_created', table_name='lead')
    op.drop_index('ix_lead_captured', table_name='lead')
    op.drop_index('ix_lead_account', table_name='lead')
    op.drop_table('lead')
    op.drop_index('ix_interaction_lead', table_name='interaction')
    op.drop_table('interaction')
    op.drop_index('ix_contact_created', table_name='contact')
    op.drop_index('ix_contact_account', table_name='contact')
    op.drop_table('contact')
    op.drop_index('ix_account_owner', table_name='account')
    op.drop_index('ix_account_name', table_name='account')
    op.drop_index('ix_account_created', table_name='account')
    op.drop_table('account')
