"""Keep the reviews of contracts as approvals, those that are decided too."""

import sqlalchemy as sa
from alembic import op

revision = "0b92d4f7c6e1"
down_revision = "c2907fd5ab31"
branch_labels = None
depends_on = "5d1c8e07a4f3"

_SAID, _OLD = "part -> by, at: the approvals of this content", "of the release before; not read any more"
# Of each contract whose content has a hash. Nobody was reminded of reviews before, so what is open has no time by which to decide.
_APPROVALS = """
INSERT INTO approval (id, version, kind, record_id, content_hash, state, requested_by, requested_at, ended_at)
SELECT uuidv7(), 0, 'contract', c.id, c.content_hash,
  CASE WHEN c.reviews ?& ARRAY(SELECT jsonb_array_elements_text(c.review_parts)) THEN 'approved'
       WHEN c.state = 'in_review' THEN 'open' ELSE 'withdrawn' END,
  coalesce(c.submitted_by, c.owner_id, c.id),
  coalesce((SELECT max(e.time) FROM event e WHERE e.subject = c.id AND e.type = 'clinch.contract.submitted.v1'), c.drafted_at),
  CASE WHEN c.reviews ?& ARRAY(SELECT jsonb_array_elements_text(c.review_parts))
       THEN (SELECT max((r.value->>'at')::timestamptz) FROM jsonb_each(c.reviews) r)
       WHEN c.state = 'in_review' THEN NULL ELSE coalesce(c.closed_at, c.updated_at) END
FROM contract c WHERE c.content_hash IS NOT NULL
"""
_STEPS = """
INSERT INTO approval_step (id, approval_id, position, name, roles, people, state, opened_at, decided_by, decided_at)
SELECT uuidv7(), a.id, 1, part.name,
  CASE part.name WHEN 'manager' THEN '["manager", "regional_head", "director"]'::jsonb ELSE jsonb_build_array(part.name) END, '[]',
  CASE WHEN c.reviews ? part.name THEN 'approved' WHEN a.state = 'open' THEN 'open' ELSE 'dropped' END,
  a.requested_at, (c.reviews->part.name->>'by')::uuid, (c.reviews->part.name->>'at')::timestamptz
FROM approval a JOIN contract c ON c.id = a.record_id
CROSS JOIN LATERAL jsonb_array_elements_text(c.review_parts) WITH ORDINALITY AS part (name, place)
ORDER BY a.id, part.place
"""
_BACK = """
UPDATE contract c SET submitted_by = a.requested_by, reviews = coalesce((
  SELECT jsonb_object_agg(s.name, jsonb_build_object('by', s.decided_by, 'at', s.decided_at))
  FROM approval_step s WHERE s.approval_id = a.id AND s.state = 'approved'), '{}')
FROM (SELECT DISTINCT ON (record_id) * FROM approval WHERE kind = 'contract' ORDER BY record_id, id DESC) a
WHERE a.record_id = c.id AND c.content_hash IS NOT NULL
"""


def upgrade() -> None:
    op.execute(_APPROVALS)
    op.execute(_STEPS)
    # The columns stay for a release: processes of the release before read and write them until they end.
    op.alter_column("contract", "reviews", server_default=sa.text("'{}'"), comment=_OLD, existing_comment=_SAID)
    op.alter_column("contract", "submitted_by", comment=_OLD)


def downgrade() -> None:
    op.alter_column("contract", "reviews", server_default=None, comment=_SAID, existing_comment=_OLD)
    op.alter_column("contract", "submitted_by", comment=None, existing_comment=_OLD)
    op.execute(_BACK)
    op.execute("DELETE FROM approval_step WHERE approval_id IN (SELECT id FROM approval WHERE kind = 'contract')")
    op.execute("DELETE FROM approval WHERE kind = 'contract'")
