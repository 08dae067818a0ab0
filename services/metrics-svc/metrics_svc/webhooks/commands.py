"""Changes of endpoints, each told with its actor; and sending deliveries again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import bindparam, func, insert, null, select, update

from metrics_svc.feed import queries as feed
from metrics_svc.following.commands import Targets
from metrics_svc.policy import POLICY
from metrics_svc.webhooks import queries, rules
from metrics_svc.webhooks.queries import PRESENT
from metrics_svc.webhooks.record import Progress, Webhook, WebhookState
from metrics_svc.webhooks.rules import CHANGE, REDELIVER, REGISTER, REMOVE, ROTATE_SECRET
from metrics_svc.webhooks.tables import CHANNEL, CURSOR, WEBHOOK, WEBHOOKS
from shared.db.query import Query
from shared.db.tx import Tx
from shared.errors import Invalid, require
from shared.events.envelope import Event
from shared.events.metrics import (
    WebhookChanged,
    WebhookDisabled,
    WebhookEnabled,
    WebhookRedelivered,
    WebhookRegistered,
    WebhookRemoved,
    WebhookSecretRotated,
)
from shared.ids import new_id
from shared.outbound import secrets
from shared.outbound.addresses import origin
from shared.outbound.record import DisableReason

Start = Literal["now", "beginning"] | int

_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(4710003)"  # so that two registrations count the same endpoints
_COUNT = Query(select(func.count()).select_from(WEBHOOK).where(PRESENT), int)
_BEGIN = Query(
    insert(CURSOR).values({n: bindparam(n) for n in ("webhook_id", "position", "matched_from", "forgotten_to")}),
    int,
)
_POSITION = Query(select(CURSOR.c.position).where(CURSOR.c.webhook_id == bindparam("id")).with_for_update(), int)
_MATCH_ANEW = Query(update(CURSOR).where(CURSOR.c.webhook_id == bindparam("_id")).values(matched_from=CURSOR.c.position), int)
_START_OVER = Query(update(CURSOR).where(CURSOR.c.webhook_id == bindparam("_id")).values(failing_since=null()), int)


async def _progress(tx: Tx, id: UUID) -> Progress:
    return (await queries.progress(tx, [id], tx.machine_now))[id]


TARGETS = Targets(
    WEBHOOKS,
    CHANNEL,
    queries.DELIVERIES,
    WebhookState,
    _progress,
    REDELIVER,
    REMOVE,
    WebhookDisabled,
    WebhookRedelivered,
    WebhookRemoved,
)


async def register(tx: Tx, *, url: str, types: list[str], description: str, start: Start) -> tuple[Webhook, str]:
    """The endpoint and its secret, which is told this once. `Invalid` when the feed does not hold what follows `start`."""
    REGISTER.permit(tx.actor)
    await tx.execute(_ONE_BY_ONE)
    most = tx.policy(POLICY).webhooks.most_endpoints
    require(rules.register_unmet(await tx.one(_COUNT), most), REGISTER.refused, REGISTER.code)
    position = await _position(tx, start)
    row = Webhook(
        id=new_id(),
        version=0,
        url=url,
        description=description,
        types=types,
        state=WebhookState.ACTIVE,
        reason=None,
        disabled_at=None,
        created_at=tx.now,
        updated_at=tx.now,
    )
    webhook = await tx.add(WEBHOOKS, row, WebhookRegistered(origin=origin(url), types=types, position=position))
    await tx.run(_BEGIN, webhook_id=webhook.id, position=position, matched_from=position, forgotten_to=position)
    return webhook, await secrets.renew(tx, CHANNEL, webhook.id)


async def _position(tx: Tx, start: Start) -> int:
    head = await feed.head(tx)
    if isinstance(start, str):
        return head.latest if start == "now" else head.oldest
    if not head.oldest <= start <= head.latest:
        raise Invalid(f"The feed can be read behind the positions {head.oldest} to {head.latest}.", pointer="/from", code="position_gone")
    return start


async def change(tx: Tx, id: UUID, *, expect: int | None, changes: Mapping[str, Any], enabled: bool | None) -> Webhook:
    """Change url, types and description, enable or disable. Values that do not differ are not told."""
    webhook, progress = await TARGETS.load(tx, id, expect)
    CHANGE.check(webhook, tx.actor, facts=progress)
    changed = {name: value for name, value in changes.items() if getattr(webhook, name) != value}
    events: list[Event] = []
    if changed:
        url, types = changed.get("url", webhook.url), changed.get("types", webhook.types)
        events.append(WebhookChanged(changed=sorted(changed), origin=origin(url), types=types))
    if "types" in changed:
        await tx.one(_POSITION, id=id)  # locked: no delivery is being made by the old types
        await tx.run(_MATCH_ANEW, _id=id)
    if enabled is True and webhook.state is WebhookState.DISABLED:
        events.append(WebhookEnabled(position=await tx.one(_POSITION, id=id)))
        await tx.run(_START_OVER, _id=id)
        changed |= {"state": WebhookState.ACTIVE, "reason": None, "disabled_at": None}
    elif enabled is False and webhook.state is WebhookState.ACTIVE:
        events.append(WebhookDisabled(reason="by_hand"))
        changed |= {"state": WebhookState.DISABLED, "reason": DisableReason.BY_HAND, "disabled_at": tx.now}
    return await tx.save(WEBHOOKS, webhook, *events, **changed) if events else webhook


async def rotate(tx: Tx, id: UUID, *, expect: int | None, keep_old: bool) -> tuple[Webhook, str]:
    """Make a new secret. The old one also signs for a while, unless it has leaked."""
    webhook, progress = await TARGETS.load(tx, id, expect)
    # An old secret that is ended at once stands in nobody's way.
    ROTATE_SECRET.check(webhook, tx.actor, facts=progress if keep_old else replace(progress, old_until=None))
    until = tx.machine_now + timedelta(hours=tx.policy(POLICY).webhooks.overlap_hours if keep_old else 0)
    await secrets.end(tx, CHANNEL, id, until)
    secret = await secrets.renew(tx, CHANNEL, id)
    return await tx.save(WEBHOOKS, webhook, WebhookSecretRotated(old_until=until if keep_old else None)), secret
