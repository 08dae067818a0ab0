"""Keep what people allow. Who opted out before has withdrawn everything."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "f08c27b6e1d4"
down_revision = "c3d81f5a90e7"
branch_labels = None
depends_on = None

_EMAIL = "'email:' || encode(sha256(convert_to(lower(trim(normalize(email, NFKC))), 'UTF8')), 'hex')"
_DIGITS = "regexp_replace(normalize(phone, NFKC), '[^0-9]', '', 'g')"
_PHONE = f"CASE WHEN length({_DIGITS}) >= 7 THEN 'phone:' || encode(sha256(convert_to(right({_DIGITS}, 9), 'UTF8')), 'hex') END"
_OPTED_OUT = f"""
INSERT INTO consent (id, lead_id, contact_id, keys, purpose, decision, reason, at, by, recorded_at)
SELECT uuidv7(), id, contact_id,
  (SELECT jsonb_object_agg(key, true) FROM unnest(ARRAY['lead:' || id, 'contact:' || contact_id, {_EMAIL}, {_PHONE}]) AS key
    WHERE key IS NOT NULL),
  purpose, 'withdrawn', 'opt_out', updated_at, coalesce(owner_id, id), updated_at
FROM lead CROSS JOIN unnest(ARRAY['contact', 'marketing']) AS purpose
WHERE state = 'disqualified' AND lead.reason = 'opt_out'
"""


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("keys", JSONB(), nullable=False, comment="key -> true: by what the person is known again: no address, only hashes of it"),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("text_version", sa.Text(), nullable=True),
        sa.Column("proof", sa.Text(), nullable=True, comment="personal"),
        sa.Column("reason", sa.Text(), nullable=True, comment="personal"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        comment="append-only; proof and reason may name people, so they are in no event",
    )
    op.create_index("ix_consent_keys", "consent", ["keys"], postgresql_using="gin")
    op.execute(_OPTED_OUT)


def downgrade() -> None:
    op.drop_table("consent")
