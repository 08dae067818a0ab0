"""Who brings the words to the channels: by a robot's documented call, or by mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import bindparam, select

from metrics_svc.feed.tables import FEED, OWNER
from metrics_svc.following.cursor import advance
from metrics_svc.following.patterns import MATCHES
from metrics_svc.notifications import robots
from metrics_svc.notifications.address import Address
from metrics_svc.notifications.commands import TARGETS
from metrics_svc.notifications.record import ChannelKind, Message
from metrics_svc.notifications.tables import CHANNELS, NAME, OUTBOUND
from metrics_svc.policy import POLICY
from metrics_svc.settings import MetricsSettings
from metrics_svc.webhooks.courier import sender
from metrics_svc.wording import words
from shared.db.query import Query
from shared.db.tables import PARTY_ACCOUNT
from shared.db.tx import Reader
from shared.ids import new_id
from shared.outbound.courier import Attempt, Courier
from shared.outbound.mail import MailServer, send_mail
from shared.outbound.meters import Meters
from shared.outbound.rules import Answer
from shared.outbound.sender import Sender
from shared.process.settings import Settings

WANTED = f"""{MATCHES} AND f.recorded_at - f.time < interval '1 day' AND (w.team_id IS NULL OR EXISTS (
  SELECT FROM feed_owner o JOIN roster r ON r.person_id = o.owner_id WHERE o.id = f.belongs_to AND w.team_id = ANY(r.team_path)
))"""
"""What was learnt long after it happened, as by an import, is no news."""


@dataclass(frozen=True, slots=True)
class _Found:
    aggregate: str
    event: bytes
    account_id: UUID | None


_EVENT = Query(
    select(FEED.c.aggregate, FEED.c.event, OWNER.c.account_id)
    .select_from(FEED.outerjoin(OWNER, OWNER.c.id == FEED.c.belongs_to))
    .where(FEED.c.position == bindparam("position")),
    _Found,
)
_ACCOUNT = Query(select(PARTY_ACCOUNT.c.name).where(PARTY_ACCOUNT.c.id == bindparam("id")), str)

GONE = Answer(None, "the feed no longer holds the event", 0)
NO_MAIL_SERVER = Answer(None, "CLINCH_SMTP_URL names no mail server", 0)


async def send(attempt: Attempt) -> Answer:
    """Write the words now, as the policy has them now."""
    message = cast(Message, attempt.delivery.message)
    async with attempt.db.read() as db:
        channel = await db.get(CHANNELS, attempt.delivery.target_id)
        happened = await _happened(db, message.position, attempt.settings)
        if happened is None:
            return GONE
        template = db.policy(POLICY).notifications.template(happened.type, channel.lang)
    text = words.written(happened, template, channel.lang, ZoneInfo(attempt.settings.time_zone))
    address = Address.read(attempt.secrets[0])
    return await post(attempt.sender, attempt.settings, channel.kind, address, text, at=attempt.at, message_id=message.message_id)


async def post(
    sending: Sender, settings: Settings, kind: ChannelKind, address: Address, text: str, *, at: datetime, message_id: UUID | None = None
) -> Answer:
    """Bring a text to an address. `message_id` is the same at every attempt."""
    if kind is ChannelKind.MAIL:
        if (server := MailServer.of(settings)) is None:
            return NO_MAIL_SERVER
        seconds = MetricsSettings.of(settings).webhook_timeout_seconds
        return await send_mail(server, address.to, text.splitlines()[0], text, id=message_id or new_id(), at=at, seconds=seconds)
    call = robots.call(kind, address.url, address.secret, text, at)
    return robots.judged(kind, await sending.post(call.url, robots.JSON, call.body, listens=True))


async def _happened(db: Reader, position: int, settings: Settings) -> words.Happened | None:
    found = await db.first(_EVENT, position=position)
    if found is None:
        return None
    told = orjson.loads(found.event)
    data = told["data"]
    account_id = data.get("account_id") or found.account_id
    account = await db.first(_ACCOUNT, id=account_id) if account_id else None
    link = words.link(settings.public_url, found.aggregate, told["subject"], data)
    return words.Happened(told["type"], data, account, link)


COURIER = Courier(
    OUTBOUND,
    "metrics-svc",
    make=advance(NAME, wanted=WANTED),
    disable=TARGETS.disable,
    sender=sender,
    meters=Meters("notification"),
    send=send,
)
