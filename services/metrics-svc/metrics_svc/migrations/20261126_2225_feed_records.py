"""Keep what decides who sees the records of the feed, besides their owners."""

import sqlalchemy as sa
from alembic import op

revision = "a3402fe4b8a2"
down_revision = "331c530d1012"
branch_labels = None
depends_on = "b7d04c91e6a2"

# What is known already: of leads and deals from their facts, of contracts from what is due, of the rest from the events that are kept.
_LEADS = "UPDATE feed_owner SET kind = 'lead' FROM lead_fact f WHERE f.id = feed_owner.id"
_DEALS = "UPDATE feed_owner SET kind = 'deal', won = f.stage = 'won' FROM deal_fact f WHERE f.id = feed_owner.id"
_CONTRACTS = """
UPDATE feed_owner SET kind = 'contract', deal_id = f.deal_id
FROM (SELECT DISTINCT contract_id, deal_id FROM milestone_fact) f WHERE f.contract_id = feed_owner.id AND kind IS NULL
"""
_TOLD = """
UPDATE feed_owner SET kind = t.aggregate, account_id = coalesce(t.account_id, feed_owner.account_id),
    deal_id = coalesce(t.deal_id, feed_owner.deal_id), review = t.review
FROM (
  SELECT subject, aggregate,
    (array_agg((event->'data'->>'account_id')::uuid ORDER BY position DESC) FILTER (WHERE event->'data'->>'account_id' IS NOT NULL))[1]
      AS account_id,
    (array_agg((event->'data'->>'deal_id')::uuid ORDER BY position DESC)
      FILTER (WHERE aggregate = 'contract' AND event->'data'->>'deal_id' IS NOT NULL))[1] AS deal_id,
    (array_agg(type = 'clinch.contract.submitted.v1' ORDER BY position DESC) FILTER (WHERE type IN (
      'clinch.contract.submitted.v1', 'clinch.contract.approved.v1', 'clinch.contract.rejected.v1', 'clinch.contract.declined.v1',
      'clinch.contract.signed.v1', 'clinch.contract.voided.v1', 'clinch.contract.terminated.v1')))[1] AS review
  FROM feed WHERE aggregate IN ('lead', 'account', 'deal', 'contract') GROUP BY subject, aggregate
) t WHERE t.subject = feed_owner.id
"""
_ACCOUNTS = """
INSERT INTO membership (record_id, person_id, part)
SELECT id, owner_id, 'owner' FROM feed_owner WHERE owner_id IS NOT NULL AND kind IS NULL OR kind = 'account' AND owner_id IS NOT NULL
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    for name, kind in (("kind", sa.Text()), ("account_id", sa.Uuid()), ("deal_id", sa.Uuid()), ("won", sa.Boolean()), ("review", sa.Boolean())):
        comment = {"kind": "what it is seen as", "deal_id": "of a contract", "won": "of a deal"}.get(name)
        comment = "of a contract: whether it is in review" if name == "review" else comment
        op.add_column("feed_owner", sa.Column(name, kind, nullable=True, comment=comment))
    for statement in (_LEADS, _DEALS, _CONTRACTS, _TOLD, "UPDATE feed_owner SET account_id = NULL WHERE kind = 'account'", _ACCOUNTS):
        op.execute(statement)
    for name in ("account_id", "deal_id"):
        op.create_index(f"ix_feed_owner_{name}", "feed_owner", [name], postgresql_where=sa.text(f"{name} IS NOT NULL"))
    op.alter_column("feed", "belongs_to", comment="the record that decides who sees it; NULL for what everybody may see")
    op.create_table_comment(
        "feed_owner", "who owns what events belong to, and what else decides who sees it, as the events up to the head tell it"
    )
