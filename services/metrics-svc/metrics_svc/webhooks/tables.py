"""Endpoints, how far each has come in the feed, and the channel by which messages get to them."""

from sqlalchemy import Index

from metrics_svc.following.tables import cursor_table, followed_table, on_clean
from metrics_svc.metadata import metadata
from metrics_svc.policy import POLICY
from metrics_svc.webhooks.message import Message
from metrics_svc.webhooks.record import Delivery, Webhook
from shared.db.query import Aggregate
from shared.db.record import table
from shared.outbound.channel import Channel, secret_table

WEBHOOK = table("webhook", metadata, Webhook, Index(None, "created_at", "id"))
WEBHOOKS = Aggregate(WEBHOOK, Webhook, "webhook")

SECRET = secret_table("webhook", metadata)

CURSOR = cursor_table("webhook", metadata)
DELIVERY = followed_table("webhook", metadata, Delivery, comment="one row for each event and endpoint")

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
    on_clean=on_clean("webhook"),
)
