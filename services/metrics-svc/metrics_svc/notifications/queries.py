"""Reads of channels and deliveries. They have no owner: who may read them sees all of them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select

from metrics_svc.following.queries import Deliveries
from metrics_svc.notifications.record import ChannelState, Delivery, NotificationChannel, Progress
from metrics_svc.notifications.tables import CHANNEL, CURSOR, DELIVERY
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.listing import Listing
from shared.outbound.record import DeliveryState

LIST = Listing(
    CHANNEL,
    NotificationChannel,
    filters={n: CHANNEL.c[n] for n in ("state", "kind", "team_id")},
    sorts=("created_at",),
    default="-created_at",
)
PRESENT = CHANNEL.c.state != ChannelState.REMOVED.value
DELIVERIES = Deliveries(DELIVERY, Delivery, "notification_channel_id", "message")

_waiting = (
    select(func.count())
    .select_from(DELIVERY)
    .where(DELIVERY.c.notification_channel_id == CURSOR.c.notification_channel_id, DELIVERY.c.state == DeliveryState.PENDING.value)
    .scalar_subquery()
)
_PROGRESS = Query(
    select(
        *[CURSOR.c[n] for n in ("notification_channel_id", "position", "failing_since", "delivered_at")], _waiting.label("waiting")
    ).where(is_in(CURSOR.c.notification_channel_id, "ids")),
    Progress,
)


async def progress(db: Reader, ids: Collection[UUID]) -> dict[UUID, Progress]:
    """The progress of these channels, by id."""
    return {p.notification_channel_id: p for p in await db.all(_PROGRESS, ids=list(ids))}
