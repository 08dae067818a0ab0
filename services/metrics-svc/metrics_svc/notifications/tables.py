"""Channels, how far each has come in the feed, and how messages get to them."""

from sqlalchemy import Index

from metrics_svc.following.tables import cursor_table, followed_table, on_clean
from metrics_svc.metadata import metadata
from metrics_svc.notifications.record import Delivery, Message, NotificationChannel
from metrics_svc.policy import POLICY
from shared.db.query import Aggregate
from shared.db.record import table
from shared.outbound.channel import Channel, secret_table

NAME = "notification_channel"

CHANNEL = table(NAME, metadata, NotificationChannel, Index(None, "created_at", "id"))
CHANNELS = Aggregate(CHANNEL, NotificationChannel, "channel")

SECRET = secret_table(NAME, metadata)
CURSOR = cursor_table(NAME, metadata, paced=True)
DELIVERY = followed_table(NAME, metadata, Delivery, comment="one row for each event and channel")

OUTBOUND = Channel(
    name=NAME,
    progress=CURSOR,
    secret=SECRET,
    delivery=DELIVERY,
    message=Message,
    targets=f"SELECT id, kind AS url, per_minute FROM {NAME} WHERE state = 'active'",
    removed=f"SELECT id FROM {NAME} WHERE state = 'removed'",
    numbers=lambda db: db.policy(POLICY).notifications,
    order="position",
    on_clean=on_clean(NAME),
    paced=True,
)
