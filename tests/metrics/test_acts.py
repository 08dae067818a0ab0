"""What an endpoint lists as its allowed actions is what the routes do, for every role and in every state."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from metrics_svc.webhooks.record import Webhook
from metrics_svc.webhooks.rules import ACTS
from metrics_svc.webhooks.tables import WEBHOOKS
from shared.auth import Role
from tests.acts import Acts
from tests.client import Client
from tests.metrics.endpoints import Webhooks
from tests.receiver import Receiver

ROLES = [role.value for role in Role if role is not Role.system]


async def test_listed_is_what_can_be_done(hooks: Webhooks, receiver: Receiver) -> None:
    acts = Acts(hooks, ACTS)
    made = await hooks.register(receiver.url)
    await acts.hold(await row(hooks, made), ROLES, reading(hooks, made))
    await hooks.call("POST", f"/{made['id']}/rotate-secret", status=200, etag="*")
    await acts.hold(await row(hooks, made), ROLES, reading(hooks, made))
    await hooks.call("PATCH", f"/{made['id']}", {"enabled": False}, status=200, etag="*")
    await acts.hold(await row(hooks, made), ROLES, reading(hooks, made))
    acts.complete()


async def row(hooks: Webhooks, made: dict[str, Any]) -> Webhook:
    async with hooks.svc.db.read() as db:
        return await db.get(WEBHOOKS, UUID(made["id"]))


def reading(client: Client, made: dict[str, Any]) -> Callable[[str], Awaitable[dict[str, Any]]]:
    async def read(who: str) -> dict[str, Any]:
        """The endpoint; to those who may not see it, one of which nothing is allowed."""
        answer = await client.raw(who, "GET", f"/v1/webhooks/{made['id']}")
        assert answer.status_code == (200 if who in ("admin", "ops") else 403)
        return answer.json() if answer.is_success else {"allowed_actions": []}

    return read
