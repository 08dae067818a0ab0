"""What an endpoint or a channel lists as its allowed actions is what the routes do, for every role and in every state."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from metrics_svc.notifications.record import NotificationChannel
from metrics_svc.notifications.rules import ACTS as CHANNEL_ACTS
from metrics_svc.notifications.tables import CHANNELS
from metrics_svc.webhooks.record import Webhook
from metrics_svc.webhooks.rules import ACTS
from metrics_svc.webhooks.tables import WEBHOOKS
from shared.auth import Role
from tests.acts import Acts
from tests.client import Client, done
from tests.metrics.endpoints import Webhooks
from tests.receiver import Receiver

ROLES = [role.value for role in Role if role is not Role.system]


async def test_listed_is_what_can_be_done(hooks: Webhooks, receiver: Receiver) -> None:
    acts = Acts(hooks, ACTS)
    made = await hooks.register(receiver.url)
    await acts.hold(await row(hooks, made), ROLES, reading(hooks, f"/v1/webhooks/{made['id']}"))
    await hooks.call("POST", f"/{made['id']}/rotate-secret", status=200, etag="*")
    await acts.hold(await row(hooks, made), ROLES, reading(hooks, f"/v1/webhooks/{made['id']}"))
    await hooks.call("PATCH", f"/{made['id']}", {"enabled": False}, status=200, etag="*")
    await acts.hold(await row(hooks, made), ROLES, reading(hooks, f"/v1/webhooks/{made['id']}"))
    acts.complete()


async def row(hooks: Webhooks, made: dict[str, Any]) -> Webhook:
    async with hooks.svc.db.read() as db:
        return await db.get(WEBHOOKS, UUID(made["id"]))


def reading(client: Client, path: str) -> Callable[[str], Awaitable[dict[str, Any]]]:
    async def read(who: str) -> dict[str, Any]:
        """The record; to those who may not see it, one of which nothing is allowed."""
        answer = await client.raw(who, "GET", path)
        assert answer.status_code == (200 if who in ("admin", "ops") else 403)
        return answer.json() if answer.is_success else {"allowed_actions": []}

    return read


async def test_what_a_channel_lists_is_what_can_be_done(hooks: Webhooks) -> None:
    acts = Acts(hooks, CHANNEL_ACTS)
    given = {"name": "Wins", "kind": "slack", "types": ["*"], "address": "http://127.0.0.1:65535/services/T0"}
    made = done(await hooks.raw("ops", "POST", "/v1/notification-channels", given), 201)
    path = f"/v1/notification-channels/{made['id']}"

    async def channel() -> NotificationChannel:
        async with hooks.svc.db.read() as db:
            return await db.get(CHANNELS, UUID(made["id"]))

    await acts.hold(await channel(), ROLES, reading(hooks, path))
    done(await hooks.raw("ops", "PATCH", path, {"enabled": False}, etag="*"))
    await acts.hold(await channel(), ROLES, reading(hooks, path))
    acts.complete()
