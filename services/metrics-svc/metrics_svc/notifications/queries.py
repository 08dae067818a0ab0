"""Reads of channels and deliveries. They have no owner: who may read them sees all of them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import bindparam, func, select

from metrics_svc.notifications.record import ChannelState, Delivery, NotificationChannel, Progress
from metrics_svc.notifications.tables import CHANNEL, CHANNELS, CURSOR, DELIVERY
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.errors import NotFound
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
DELIVERIES = Listing(
    DELIVERY,
    Delivery,
    filters={n: DELIVERY.c[n] for n in ("state", "type", "subject", "created_at", "event_id")},
    sorts=("created_at",),
    default="-created_at",
)
OF_CHANNEL = DELIVERY.c.notification_channel_id == bindparam("channel_id")

_delivery = [DELIVERY.c[n] for n in Delivery.__dataclass_fields__]
_DELIVERY = Query(select(*_delivery).where(DELIVERY.c.id == bindparam("id"), OF_CHANNEL), Delivery)
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


async def channel(db: Reader, id: UUID) -> NotificationChannel:
    """`NotFound` also for one that was removed: its row stays for the events that tell of it."""
    found = await db.get(CHANNELS, id)
    if found.state is ChannelState.REMOVED:
        raise CHANNELS.missing()
    return found


async def delivery(db: Reader, channel_id: UUID, id: UUID) -> Delivery:
    found = await db.first(_DELIVERY, id=id, channel_id=channel_id)
    if found is None:
        raise NotFound("There is no such message.")
    return found


async def progress(db: Reader, ids: Collection[UUID]) -> dict[UUID, Progress]:
    """The progress of these channels, by id."""
    return {p.notification_channel_id: p for p in await db.all(_PROGRESS, ids=list(ids))}
