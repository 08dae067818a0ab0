"""Routes of webhooks. For admin and ops alone: an endpoint is sent the events of the whole company."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from metrics_svc.following import patterns
from metrics_svc.following.models import DeliveryOut, PingOut, RedeliveredOut, RedeliverIn
from metrics_svc.following.receivers import sendable
from metrics_svc.webhooks import commands, courier, queries
from metrics_svc.webhooks.message import ping
from metrics_svc.webhooks.models import (
    KEEP_OLD,
    RotateIn,
    WebhookIn,
    WebhookOut,
    WebhookPatch,
    WebhookWithSecret,
)
from metrics_svc.webhooks.record import Webhook
from metrics_svc.webhooks.rules import PING, READ
from metrics_svc.webhooks.tables import CHANNEL
from shared.auth import Actor, CurrentActor
from shared.clock import machine
from shared.db.tx import Reader, Tx
from shared.http.edge import ClinchRoute, IfMatch, InTx, KeyRequired, Reading
from shared.http.idempotency import keep_secret
from shared.http.listing import Page, PageRequest
from shared.http.permit import permitted
from shared.ids import new_id
from shared.outbound import secrets, signature
from shared.seal import Seal

# Who may not see endpoints is told so first, whatever else is wrong with the request.
router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=ClinchRoute, dependencies=[permitted(READ)])


async def _shown(db: Reader, webhooks: Sequence[Webhook], by: Actor, now: datetime) -> list[WebhookOut]:
    progress = await queries.progress(db, [w.id for w in webhooks], now)
    return [WebhookOut.of(webhook, progress[webhook.id], by) for webhook in webhooks]


async def _with_secret(tx: Tx, webhook: Webhook, secret: str) -> WebhookWithSecret:
    progress = await queries.progress(tx, [webhook.id], tx.machine_now)
    return WebhookWithSecret.of(webhook, progress[webhook.id], tx.actor, secret=secret)


@router.post("", status_code=201)
async def register_webhook(body: WebhookIn, tx: InTx, request: Request) -> WebhookWithSecret:
    """Register an endpoint. For admin and ops. The answer holds its secret, which is not shown again."""
    keep_secret(request)
    url, types = await sendable(body.url, tx.settings, "/url"), patterns.checked(body.types)
    return await _with_secret(tx, *await commands.register(tx, url=url, types=types, description=body.description, start=body.start))


@router.get("")
async def list_webhooks(
    page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor, request: Request
) -> Page[WebhookOut]:
    """All endpoints. For admin and ops."""
    found = await queries.LIST.page(db, page, where=queries.PRESENT)
    found.items = await _shown(db, found.items, by, machine(request.app.state.clock)())
    return found


@router.get("/{webhook_id}")
async def get_webhook(webhook_id: UUID, db: Reading, by: CurrentActor, request: Request) -> WebhookOut:
    """One endpoint and its progress. For admin and ops."""
    return (await _shown(db, [await commands.TARGETS.present(db, webhook_id)], by, machine(request.app.state.clock)()))[0]


@router.patch("/{webhook_id}")
async def update_webhook(webhook_id: UUID, body: WebhookPatch, tx: InTx, expect: IfMatch) -> WebhookOut:
    """Change what is sent and where to, or enable and disable. For admin and ops.

    New types count from the endpoint's position on. An endpoint that is enabled again continues where it stopped, as far as the feed
    still holds it.
    """
    changes = body.given()
    enabled = changes.pop("enabled", None)
    if "url" in changes:
        changes["url"] = await sendable(body.url, tx.settings, "/url")
    if "types" in changes:
        changes["types"] = patterns.checked(body.types)
    webhook = await commands.change(tx, webhook_id, expect=expect, changes=changes, enabled=enabled)
    return (await _shown(tx, [webhook], tx.actor, tx.machine_now))[0]


@router.delete("/{webhook_id}", status_code=204)
async def remove_webhook(webhook_id: UUID, tx: InTx, expect: IfMatch) -> None:
    """Stop sending, and forget the endpoint. For admin and ops."""
    await commands.TARGETS.remove(tx, webhook_id, expect)


@router.post("/{webhook_id}/rotate-secret")
async def rotate_webhook_secret(
    webhook_id: UUID, tx: InTx, expect: IfMatch, request: Request, body: RotateIn = KEEP_OLD
) -> WebhookWithSecret:
    """A new secret, shown this once. For admin and ops. For a day both sign, unless the old one is ended at once."""
    keep_secret(request)
    return await _with_secret(tx, *await commands.rotate(tx, webhook_id, expect=expect, keep_old=body.keep_old))


@router.post("/{webhook_id}/ping")
async def ping_webhook(webhook_id: UUID, by: CurrentActor, request: Request) -> PingOut:
    """Send a test delivery now and say what the receiver answered. For admin and ops. It is not listed and never repeated."""
    state = request.app.state
    now = machine(state.clock)()
    async with state.db.read() as db:  # not for as long as the receiver takes
        webhook = await commands.TARGETS.present(db, webhook_id)
        PING.check(webhook, by, facts=(await queries.progress(db, [webhook_id], now))[webhook_id])
        keys = await secrets.in_force(db, CHANNEL, webhook_id, Seal.of(state.settings), now)
    body = ping(webhook_id, now)
    async with courier.sender(state.settings, state.clock) as sender:
        answer = await sender.post(webhook.url, signature.headers(keys, new_id(), now, body), body)
    milliseconds = round(answer.seconds * 1000)
    return PingOut(delivered=answer.is_taken, status=answer.status, error=answer.error, milliseconds=milliseconds)


@router.get("/{webhook_id}/deliveries")
async def list_webhook_deliveries(
    webhook_id: UUID, page: Annotated[PageRequest, Depends(queries.DELIVERIES.listing.params)], db: Reading
) -> Page[DeliveryOut]:
    """Deliveries that were sent or wait, with their attempts. For admin and ops."""
    await commands.TARGETS.present(db, webhook_id)
    return await queries.DELIVERIES.listing.page(db, page, where=queries.DELIVERIES.of_target, params={"target_id": webhook_id})


@router.get("/{webhook_id}/deliveries/{delivery_id}")
async def get_webhook_delivery(webhook_id: UUID, delivery_id: UUID, db: Reading) -> DeliveryOut:
    """One delivery. For admin and ops."""
    await commands.TARGETS.present(db, webhook_id)
    return DeliveryOut.of(await queries.DELIVERIES.get(db, webhook_id, delivery_id))


@router.post("/{webhook_id}/deliveries/{delivery_id}/redeliver", status_code=202)
async def redeliver_webhook_delivery(webhook_id: UUID, delivery_id: UUID, tx: InTx) -> DeliveryOut:
    """Send a delivery again now, under the same webhook-id. For admin and ops. If it waits for its next attempt, the wait ends."""
    await commands.TARGETS.redeliver(tx, webhook_id, delivery_id)
    return DeliveryOut.of(await queries.DELIVERIES.get(tx, webhook_id, delivery_id))


@router.post("/{webhook_id}/redeliver", status_code=202, dependencies=[KeyRequired])
async def redeliver_webhook(webhook_id: UUID, body: RedeliverIn, tx: InTx) -> RedeliveredOut:
    """Send deliveries again by time and state, for example after a receiver lost data or failed for days. For admin and ops."""
    count = await commands.TARGETS.redeliver_many(tx, webhook_id, since=body.since, until=body.until, state=body.state)
    return RedeliveredOut(count=count)
