"""Changes of endpoints, each told with its actor; and sending deliveries again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, func, insert, null, select, update

from metrics_svc.feed import queries as feed
from metrics_svc.policy import POLICY
from metrics_svc.webhooks import queries, rules, signature
from metrics_svc.webhooks.addresses import origin
from metrics_svc.webhooks.queries import PRESENT
from metrics_svc.webhooks.record import DeliveryState, DisableReason, Progress, Webhook, WebhookState
from metrics_svc.webhooks.rules import CHANGE, REDELIVER, REGISTER, REMOVE, ROTATE_SECRET
from metrics_svc.webhooks.tables import CURSOR, DELIVERY, SECRET, WEBHOOK, WEBHOOKS
from shared.db.query import Query
from shared.db.tables import At
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
from shared.seal import Seal

Start = Literal["now", "beginning"] | int

_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(4710003)"  # so that two registrations count the same endpoints
_COUNT = Query(select(func.count()).select_from(WEBHOOK).where(PRESENT), int)
_BEGIN = Query(
    insert(CURSOR).values({n: bindparam(n) for n in ("webhook_id", "position", "matched_from", "forgotten_to")}),
    int,
)
_KEEP_SECRET = Query(insert(SECRET).values({n: bindparam(n) for n in ("id", "webhook_id", "sealed", "created_at")}), int)
_END_SECRETS = Query(
    update(SECRET)
    .where(SECRET.c.webhook_id == bindparam("_id"), SECRET.c.ends_at.is_(None) | (SECRET.c.ends_at > bindparam("until", type_=At)))
    .values(ends_at=bindparam("until", type_=At)),
    int,
)
_POSITION = Query(select(CURSOR.c.position).where(CURSOR.c.webhook_id == bindparam("id")).with_for_update(), int)
_MATCH_ANEW = Query(update(CURSOR).where(CURSOR.c.webhook_id == bindparam("_id")).values(matched_from=CURSOR.c.position), int)
_START_OVER = Query(update(CURSOR).where(CURSOR.c.webhook_id == bindparam("_id")).values(failing_since=null()), int)
_again = {"state": DeliveryState.PENDING.value, "tries": 0, "due_at": bindparam("now", type_=At), "finished_at": null()}
_AGAIN = Query(update(DELIVERY).where(DELIVERY.c.id == bindparam("_id")).values(_again), int)
_those = (
    select(DELIVERY.c.id)
    .where(
        DELIVERY.c.webhook_id == bindparam("_id"),
        DELIVERY.c.created_at >= bindparam("since", type_=At),
        DELIVERY.c.created_at < bindparam("until", type_=At),
        DELIVERY.c.state == bindparam("found"),
    )
    .order_by(DELIVERY.c.position)
    .limit(bindparam("most", type_=BigInteger))
)
_ALL_AGAIN = Query(update(DELIVERY).where(DELIVERY.c.id.in_(_those)).values(_again).returning(DELIVERY.c.id), UUID)


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
    return webhook, await _new_secret(tx, webhook.id)


async def _position(tx: Tx, start: Start) -> int:
    head = await feed.head(tx)
    if isinstance(start, str):
        return head.latest if start == "now" else head.oldest
    if not head.oldest <= start <= head.latest:
        raise Invalid(f"The feed can be read behind the positions {head.oldest} to {head.latest}.", pointer="/from", code="position_gone")
    return start


async def change(tx: Tx, id: UUID, *, expect: int | None, changes: Mapping[str, Any], enabled: bool | None) -> Webhook:
    """Change url, types and description, enable or disable. Values that do not differ are not told."""
    webhook, progress = await load(tx, id, expect)
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
    webhook, progress = await load(tx, id, expect)
    # An old secret that is ended at once stands in nobody's way.
    ROTATE_SECRET.check(webhook, tx.actor, facts=progress if keep_old else replace(progress, old_until=None))
    until = tx.machine_now + timedelta(hours=tx.policy(POLICY).webhooks.overlap_hours if keep_old else 0)
    await tx.run(_END_SECRETS, _id=id, until=until)
    secret = await _new_secret(tx, id)
    return await tx.save(WEBHOOKS, webhook, WebhookSecretRotated(old_until=until if keep_old else None)), secret


async def remove(tx: Tx, id: UUID, *, expect: int | None) -> None:
    """Stop sending and signing. The next cleaning deletes its deliveries."""
    webhook, progress = await load(tx, id, expect)
    REMOVE.check(webhook, tx.actor, facts=progress)
    await tx.run(_END_SECRETS, _id=id, until=tx.machine_now)
    await tx.save(WEBHOOKS, webhook, WebhookRemoved(), state=WebhookState.REMOVED)


async def disable(tx: Tx, id: UUID, reason: DisableReason) -> None:
    """Disable it, by the worker. An endpoint that is not active stays as it is."""
    webhook = await tx.load(WEBHOOKS, id)
    if webhook.state is WebhookState.ACTIVE:
        event = WebhookDisabled(reason=reason.value)
        await tx.save(WEBHOOKS, webhook, event, state=WebhookState.DISABLED, reason=reason, disabled_at=tx.now)


async def redeliver(tx: Tx, id: UUID, delivery_id: UUID) -> Webhook:
    """Send one delivery again now, whatever its state, with all its tries."""
    webhook, progress = await load(tx, id, None)
    REDELIVER.check(webhook, tx.actor, facts=progress)
    delivery = await queries.delivery(tx, id, delivery_id)
    await tx.run(_AGAIN, _id=delivery.id, now=tx.machine_now)
    return await tx.save(WEBHOOKS, webhook, WebhookRedelivered(count=1, delivery_id=delivery.id))


async def redeliver_many(tx: Tx, id: UUID, *, since: datetime, until: datetime, state: DeliveryState) -> int:
    """Send deliveries of a state again that were made from `since` to before `until`: the oldest of them. How many."""
    webhook, progress = await load(tx, id, None)
    REDELIVER.check(webhook, tx.actor, facts=progress)
    most = tx.policy(POLICY).webhooks.most_again
    count = len(await tx.all(_ALL_AGAIN, _id=id, since=since, until=until, found=state.value, now=tx.machine_now, most=most))
    if count:
        await tx.save(WEBHOOKS, webhook, WebhookRedelivered(count=count, since=since, until=until))
    return count


async def load(tx: Tx, id: UUID, expect: int | None) -> tuple[Webhook, Progress]:
    """The endpoint, locked, and how it does; `NotFound` when it was removed."""
    webhook = await tx.load(WEBHOOKS, id, expect)
    if webhook.state is WebhookState.REMOVED:
        raise WEBHOOKS.missing()
    return webhook, (await queries.progress(tx, [id], tx.machine_now))[id]


async def _new_secret(tx: Tx, webhook_id: UUID) -> str:
    secret = signature.new_secret()
    sealed = Seal.of(tx.settings).close(secret.encode()).decode()
    await tx.run(_KEEP_SECRET, id=new_id(), webhook_id=webhook_id, sealed=sealed, created_at=tx.machine_now)
    return secret
