"""Routes of notification channels. For admin and ops alone: a channel is told of the whole company's records."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import HttpUrl

from metrics_svc.following import patterns
from metrics_svc.following.models import DeliveryOut, PingOut, RedeliveredOut, RedeliverIn
from metrics_svc.following.receivers import sendable
from metrics_svc.notifications import commands, courier, queries, robots
from metrics_svc.notifications.address import Address
from metrics_svc.notifications.models import NotificationChannelIn, NotificationChannelOut, NotificationChannelPatch
from metrics_svc.notifications.record import ChannelKind, NotificationChannel
from metrics_svc.notifications.rules import PING, READ
from metrics_svc.webhooks.courier import sender
from shared.auth import Actor, CurrentActor
from shared.clock import machine
from shared.db.tx import Reader
from shared.errors import Invalid
from shared.http.edge import ClinchRoute, IfMatch, InTx, KeyRequired, Reading
from shared.http.listing import Page, PageRequest
from shared.http.permit import permitted
from shared.outbound.mail import MailServer
from shared.process.settings import Settings

# Who may not see channels is told so first, whatever else is wrong with the request.
router = APIRouter(
    prefix="/v1/notification-channels", tags=["notification channels"], route_class=ClinchRoute, dependencies=[permitted(READ)]
)

HELLO = {"en": "This channel is told what happens in Clinch.", "zh": "此渠道将收到 Clinch 的业务通知。"}


async def _shown(db: Reader, channels: Sequence[NotificationChannel], by: Actor) -> list[NotificationChannelOut]:
    progress = await queries.progress(db, [c.id for c in channels])
    return [NotificationChannelOut.of(channel, progress[channel.id], by) for channel in channels]


async def _address(kind: ChannelKind, settings: Settings, url: HttpUrl | None, secret: str | None, to: Sequence[str] | None) -> Address:
    """Where a channel of this kind leads, when something may be sent there. `Invalid`."""
    if kind is ChannelKind.MAIL:
        for name, given in (("address", url), ("secret", secret)):
            if given is not None:
                raise Invalid(f"A channel by mail takes no {name}, but `to`.", pointer=f"/{name}", code="not_for_mail")
        if not to:
            raise Invalid("Write the mail addresses.", pointer="/to", code="missing")
        if MailServer.of(settings) is None:
            raise Invalid("No mail server is set: operations name one in CLINCH_SMTP_URL.", pointer="/kind", code="no_mail_server")
        return Address(to=list(dict.fromkeys(to)))
    if to is not None:
        raise Invalid("Mail addresses are for channels by mail; write the robot's address.", pointer="/to", code="not_for_robots")
    if url is None:
        raise Invalid("Write the robot's address.", pointer="/address", code="missing")
    if secret is not None and kind not in robots.SIGNING:
        raise Invalid("These robots check no signature: their address is the secret.", pointer="/secret", code="not_signed")
    if unlike := robots.unlike(kind, str(url)):
        raise Invalid(unlike, pointer="/address", code="not_a_robot")
    return Address(await sendable(url, settings, "/address"), secret)


@router.post("", status_code=201)
async def register_notification_channel(body: NotificationChannelIn, tx: InTx) -> NotificationChannelOut:
    """Have events of chosen types told in a group chat, or by mail, from now on. For admin and ops."""
    types = patterns.checked(body.types)
    address = await _address(body.kind, tx.settings, body.address, body.secret, body.to)
    channel = await commands.register(
        tx, name=body.name, kind=body.kind, lang=body.lang, types=types, team_id=body.team_id, address=address
    )
    return (await _shown(tx, [channel], tx.actor))[0]


@router.get("")
async def list_notification_channels(
    page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor
) -> Page[NotificationChannelOut]:
    """All channels. For admin and ops."""
    found = await queries.LIST.page(db, page, where=queries.PRESENT)
    found.items = await _shown(db, found.items, by)
    return found


@router.get("/{channel_id}")
async def get_notification_channel(channel_id: UUID, db: Reading, by: CurrentActor) -> NotificationChannelOut:
    """One channel and its progress. For admin and ops."""
    return (await _shown(db, [await commands.TARGETS.present(db, channel_id)], by))[0]


@router.patch("/{channel_id}")
async def update_notification_channel(
    channel_id: UUID, body: NotificationChannelPatch, tx: InTx, expect: IfMatch
) -> NotificationChannelOut:
    """Change what is told and where to, or enable and disable. For admin and ops.

    `address` and `secret` belong together: a new address is without a secret unless one comes with it. A channel that is enabled again
    is told what happens from now on.
    """
    changes: dict[str, Any] = body.given()
    enabled = changes.pop("enabled", None)
    given = {name: getattr(body, name) for name in ("address", "secret", "to") if changes.pop(name, None) is not None}
    address = None
    if given:
        channel = await commands.TARGETS.present(tx, channel_id)
        if "secret" in given and "address" not in given:
            given["address"] = HttpUrl((await commands.address_of(tx, channel_id, tx.settings, tx.machine_now)).url)
        address = await _address(channel.kind, tx.settings, given.get("address"), given.get("secret"), given.get("to"))
    if "types" in changes:
        changes["types"] = patterns.checked(body.types)
    channel = await commands.change(tx, channel_id, expect=expect, changes=changes, address=address, enabled=enabled)
    return (await _shown(tx, [channel], tx.actor))[0]


@router.delete("/{channel_id}", status_code=204)
async def remove_notification_channel(channel_id: UUID, tx: InTx, expect: IfMatch) -> None:
    """Tell nothing any more, and forget the channel and its address. For admin and ops."""
    await commands.TARGETS.remove(tx, channel_id, expect)


@router.post("/{channel_id}/ping")
async def ping_notification_channel(channel_id: UUID, by: CurrentActor, request: Request) -> PingOut:
    """Write a line there now and say what the receiver answered. For admin and ops. It is not listed and never repeated."""
    state = request.app.state
    now = machine(state.clock)()
    async with state.db.read() as db:  # not for as long as the receiver takes
        channel = await commands.TARGETS.present(db, channel_id)
        PING.check(channel, by, facts=(await queries.progress(db, [channel_id]))[channel_id])
        address = await commands.address_of(db, channel_id, state.settings, now)
    async with sender(state.settings, state.clock) as sending:
        answer = await courier.post(sending, state.settings, channel.kind, address, HELLO[channel.lang], at=now)
    return PingOut(delivered=answer.is_taken, status=answer.status, error=answer.error, milliseconds=round(answer.seconds * 1000))


@router.get("/{channel_id}/deliveries")
async def list_notification_deliveries(
    channel_id: UUID, page: Annotated[PageRequest, Depends(queries.DELIVERIES.listing.params)], db: Reading
) -> Page[DeliveryOut]:
    """Messages that were sent or wait, with their attempts. For admin and ops."""
    await commands.TARGETS.present(db, channel_id)
    return await queries.DELIVERIES.listing.page(db, page, where=queries.DELIVERIES.of_target, params={"target_id": channel_id})


@router.get("/{channel_id}/deliveries/{delivery_id}")
async def get_notification_delivery(channel_id: UUID, delivery_id: UUID, db: Reading) -> DeliveryOut:
    """One message. For admin and ops."""
    await commands.TARGETS.present(db, channel_id)
    return DeliveryOut.of(await queries.DELIVERIES.get(db, channel_id, delivery_id))


@router.post("/{channel_id}/deliveries/{delivery_id}/redeliver", status_code=202)
async def redeliver_notification_delivery(channel_id: UUID, delivery_id: UUID, tx: InTx) -> DeliveryOut:
    """Send a message again now. For admin and ops. If it waits for its next attempt, the wait ends."""
    await commands.TARGETS.redeliver(tx, channel_id, delivery_id)
    return DeliveryOut.of(await queries.DELIVERIES.get(tx, channel_id, delivery_id))


@router.post("/{channel_id}/redeliver", status_code=202, dependencies=[KeyRequired])
async def redeliver_notification_channel(channel_id: UUID, body: RedeliverIn, tx: InTx) -> RedeliveredOut:
    """Send messages again by time and state, for example after a robot was removed and made again. For admin and ops."""
    count = await commands.TARGETS.redeliver_many(tx, channel_id, since=body.since, until=body.until, state=body.state)
    return RedeliveredOut(count=count)
