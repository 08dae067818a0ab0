"""Changes of channels, each told with its actor; and sending messages again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, null, select, update

from metrics_svc.feed import queries as feed
from metrics_svc.following.commands import Targets
from metrics_svc.notifications import queries, rules
from metrics_svc.notifications.address import Address
from metrics_svc.notifications.queries import PRESENT
from metrics_svc.notifications.record import ChannelKind, ChannelState, NotificationChannel, Progress
from metrics_svc.notifications.rules import CHANGE, REDELIVER, REGISTER, REMOVE
from metrics_svc.notifications.tables import CHANNEL, CHANNELS, CURSOR, OUTBOUND
from metrics_svc.policy import POLICY
from shared.db.query import Query
from shared.db.tx import Reader, Tx
from shared.errors import require
from shared.events.envelope import Event
from shared.events.metrics import (
    NotificationChannelChanged,
    NotificationChannelDisabled,
    NotificationChannelEnabled,
    NotificationChannelRedelivered,
    NotificationChannelRegistered,
    NotificationChannelRemoved,
)
from shared.ids import new_id
from shared.outbound import secrets
from shared.outbound.record import DisableReason
from shared.process.settings import Settings
from shared.seal import Seal

_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(4710004)"  # so that two registrations count the same channels
_COUNT = Query(select(func.count()).select_from(CHANNEL).where(PRESENT), int)
_BEGIN = Query(
    insert(CURSOR).values(
        {n: bindparam(n) for n in ("notification_channel_id", "position", "matched_from", "forgotten_to")} | {"recent": []}
    ),
    int,
)
_LOCK = Query(select(CURSOR.c.position).where(CURSOR.c.notification_channel_id == bindparam("id")).with_for_update(), int)
_MATCH_ANEW = Query(update(CURSOR).where(CURSOR.c.notification_channel_id == bindparam("_id")).values(matched_from=CURSOR.c.position), int)
_JUMP = Query(
    update(CURSOR)
    .where(CURSOR.c.notification_channel_id == bindparam("_id"))
    .values(failing_since=null(), position=bindparam("to"), matched_from=bindparam("to")),
    int,
)


async def _progress(tx: Tx, id: UUID) -> Progress:
    return (await queries.progress(tx, [id]))[id]


TARGETS = Targets(
    CHANNELS,
    OUTBOUND,
    queries.DELIVERIES,
    ChannelState,
    _progress,
    REDELIVER,
    REMOVE,
    NotificationChannelDisabled,
    NotificationChannelRedelivered,
    NotificationChannelRemoved,
)


async def register(
    tx: Tx, *, name: str, kind: ChannelKind, lang: str, types: list[str], team_id: UUID | None, address: Address
) -> NotificationChannel:
    """It is told what happens from now on."""
    REGISTER.permit(tx.actor)
    await tx.execute(_ONE_BY_ONE)
    numbers = tx.policy(POLICY).notifications
    require(rules.register_unmet(await tx.one(_COUNT), numbers.most_channels), REGISTER.refused, REGISTER.code)
    position = (await feed.head(tx)).latest
    row = NotificationChannel(
        id=new_id(),
        version=0,
        name=name,
        kind=kind,
        lang=lang,
        types=types,
        team_id=team_id,
        leads_to=address.leads_to(kind),
        signs=address.secret is not None,
        per_minute=getattr(numbers.per_minute, kind),
        state=ChannelState.ACTIVE,
        reason=None,
        disabled_at=None,
        created_at=tx.now,
        updated_at=tx.now,
    )
    event = NotificationChannelRegistered(kind=kind.value, leads_to=row.leads_to, types=types, team_id=team_id, position=position)
    channel = await tx.add(CHANNELS, row, event)
    await tx.run(_BEGIN, notification_channel_id=channel.id, position=position, matched_from=position, forgotten_to=position)
    await secrets.keep(tx, OUTBOUND, channel.id, address.kept)
    return channel


async def change(
    tx: Tx, id: UUID, *, expect: int | None, changes: Mapping[str, Any], address: Address | None, enabled: bool | None
) -> NotificationChannel:
    """Change what is told and where to, enable or disable. Values that do not differ are not told."""
    channel, progress = await TARGETS.load(tx, id, expect)
    CHANGE.check(channel, tx.actor, facts=progress)
    if address is not None and address != await address_of(tx, id, tx.settings, tx.machine_now):
        changes = {**changes, "leads_to": address.leads_to(channel.kind), "signs": address.secret is not None}
        await secrets.end(tx, OUTBOUND, id, tx.machine_now)
        await secrets.keep(tx, OUTBOUND, id, address.kept)
        moved = ["address"]
    else:
        moved = []
    changed = {name: value for name, value in changes.items() if getattr(channel, name) != value}
    events: list[Event] = []
    if changed or moved:
        said = {name: changed.get(name, getattr(channel, name)) for name in ("leads_to", "types", "team_id")}
        named = sorted({*moved, *(changed.keys() - {"leads_to", "signs"})})
        events.append(NotificationChannelChanged(changed=named, kind=channel.kind.value, **said))
    if changed.keys() & {"types", "team_id"}:
        await tx.one(_LOCK, id=id)  # no message is being made by what was wanted before
        await tx.run(_MATCH_ANEW, _id=id)
    if enabled is True and channel.state is ChannelState.DISABLED:
        await tx.one(_LOCK, id=id)
        position = (await feed.head(tx)).latest
        await tx.run(_JUMP, _id=id, to=position)
        events.append(NotificationChannelEnabled(position=position))
        changed |= {"state": ChannelState.ACTIVE, "reason": None, "disabled_at": None}
    elif enabled is False and channel.state is ChannelState.ACTIVE:
        events.append(NotificationChannelDisabled(reason="by_hand"))
        changed |= {"state": ChannelState.DISABLED, "reason": DisableReason.BY_HAND, "disabled_at": tx.now}
    return await tx.save(CHANNELS, channel, *events, **changed) if events else channel


async def address_of(tx: Reader, id: UUID, settings: Settings, now: datetime) -> Address:
    """Where the channel leads now. `Unreadable` when CLINCH_SECRET_KEY has lost its key."""
    [kept, *_] = await secrets.in_force(tx, OUTBOUND, id, Seal.of(settings), now)
    return Address.read(kept)
