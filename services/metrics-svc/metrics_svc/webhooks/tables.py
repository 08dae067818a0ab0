"""Endpoints, how far each has come in the feed, and the channel by which messages get to them."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, UniqueConstraint

from metrics_svc.metadata import metadata
from metrics_svc.policy import POLICY
from metrics_svc.webhooks.message import Message
from metrics_svc.webhooks.record import Delivery, Webhook
from shared.db.query import Aggregate
from shared.db.record import table
from shared.outbound.channel import Channel, delivery_table, progress_columns, secret_table

WEBHOOK = table("webhook", metadata, Webhook, Index(None, "created_at", "id"))
WEBHOOKS = Aggregate(WEBHOOK, Webhook, "webhook")

SECRET = secret_table("webhook", metadata)

# Whoever changes the types or makes deliveries locks it.
CURSOR = Table(
    "webhook_cursor",
    metadata,
    *progress_columns("webhook"),
    Column("position", BigInteger, nullable=False, comment="deliveries are made up to here"),
    Column("matched_from", BigInteger, nullable=False, comment="what lies behind this was matched with the types as they are now"),
    Column("forgotten_to", BigInteger, nullable=False, comment="up to here, deliveries may have been cleaned away"),
    CheckConstraint("matched_from >= 0 AND matched_from <= position AND forgotten_to >= 0 AND forgotten_to <= position", name="places"),
)

DELIVERY = delivery_table(
    "webhook",
    metadata,
    Delivery,
    UniqueConstraint("webhook_id", "position"),
    CheckConstraint("position > 0 AND sequence > 0", name="places"),
    order="position",
    comment="one row for each event and endpoint",
)

CHANNEL = Channel(
    name="webhook",
    progress=CURSOR,
    secret=SECRET,
    delivery=DELIVERY,
    message=Message,
    targets="SELECT id, url FROM webhook WHERE state = 'active'",
    removed="SELECT id FROM webhook WHERE state = 'removed'",
    numbers=lambda db: db.policy(POLICY).webhooks,
    order="position",
    # Up to the highest position that is gone, `clinch verify` cannot expect a delivery for each event.
    on_clean="""
    UPDATE webhook_cursor c SET forgotten_to = greatest(c.forgotten_to, g.position)
    FROM (SELECT webhook_id, max(position) AS position FROM gone GROUP BY webhook_id) g WHERE c.webhook_id = g.webhook_id
    """,
)
