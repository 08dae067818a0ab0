"""Endpoints, their secrets, how far each has come in the feed, and the deliveries made for it."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint, Uuid, text

from metrics_svc.metadata import metadata
from metrics_svc.webhooks.record import Delivery, Webhook
from shared.db.query import Aggregate
from shared.db.record import table
from shared.db.tables import At

WEBHOOK = table("webhook", metadata, Webhook, Index(None, "created_at", "id"))
WEBHOOKS = Aggregate(WEBHOOK, Webhook, "webhook")

SECRET = Table(
    "webhook_secret",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("webhook_id", Uuid, ForeignKey("webhook.id"), nullable=False),
    Column("sealed", Text, nullable=False, comment="encrypted with CLINCH_SECRET_KEY"),
    Column("created_at", At, nullable=False),
    Column("ends_at", At, comment="when it stops signing; NULL for the one in force"),
    Index(None, "webhook_id"),
)

# Apart from the endpoint itself: it moves with every batch, without an event. Whoever changes the types or makes deliveries locks it.
CURSOR = Table(
    "webhook_cursor",
    metadata,
    Column("webhook_id", Uuid, ForeignKey("webhook.id"), primary_key=True),
    Column("position", BigInteger, nullable=False, comment="deliveries are made up to here"),
    Column("matched_from", BigInteger, nullable=False, comment="what lies behind this was matched with the types as they are now"),
    Column("forgotten_to", BigInteger, nullable=False, comment="up to here, deliveries may have been cleaned away"),
    Column("failing_since", At, comment="the first failure since something was taken"),
    Column("delivered_at", At, comment="when something was taken last"),
    CheckConstraint("matched_from >= 0 AND matched_from <= position AND forgotten_to >= 0 AND forgotten_to <= position", name="places"),
)

DELIVERY = table(
    "webhook_delivery",
    metadata,
    Delivery,
    Column("claimed_until", At, comment="a worker is sending it; after this, another may"),
    UniqueConstraint("webhook_id", "position"),
    CheckConstraint("position > 0 AND sequence > 0", name="places"),
    CheckConstraint("tries >= 0", name="tries"),
    Index(None, "webhook_id", "created_at", "id"),
    Index("ix_webhook_delivery_due", "webhook_id", "due_at", "position", postgresql_where=text("state = 'pending'")),
    Index("ix_webhook_delivery_claimed", "webhook_id", postgresql_where=text("claimed_until IS NOT NULL")),
    Index("ix_webhook_delivery_finished", "state", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    comment="one row for each event and endpoint",
)
