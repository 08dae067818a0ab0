"""Reads of endpoints and deliveries. They have no owner: who may read them sees all of them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select

from metrics_svc.following.queries import Deliveries
from metrics_svc.webhooks.record import Delivery, Progress, Webhook, WebhookState
from metrics_svc.webhooks.tables import CURSOR, DELIVERY, SECRET, WEBHOOK
from shared.db.query import Query, is_in
from shared.db.tables import At
from shared.db.tx import Reader
from shared.http.listing import Listing

LIST = Listing(WEBHOOK, Webhook, filters={"state": WEBHOOK.c.state}, sorts=("created_at",), default="-created_at")
PRESENT = WEBHOOK.c.state != WebhookState.REMOVED.value
DELIVERIES = Deliveries(DELIVERY, Delivery, "webhook_id", "delivery")

_now = bindparam("now", type_=At)
_old = select(func.max(SECRET.c.ends_at)).where(SECRET.c.webhook_id == CURSOR.c.webhook_id, SECRET.c.ends_at > _now).scalar_subquery()
_PROGRESS = Query(
    select(
        *[CURSOR.c[n] for n in ("webhook_id", "position", "failing_since", "delivered_at")], _now.label("now"), _old.label("old_until")
    ).where(is_in(CURSOR.c.webhook_id, "ids")),
    Progress,
)


async def progress(db: Reader, ids: Collection[UUID], now: datetime) -> dict[UUID, Progress]:
    """The progress of these endpoints, by id."""
    return {p.webhook_id: p for p in await db.all(_PROGRESS, ids=list(ids), now=now)}
