"""Endpoints through the API: registering, changing, secrets, and what is told of it."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import ValidationError

from clinch.run.postgres import Postgres
from metrics_svc.numbers import Webhooks as Numbers
from metrics_svc.service import service
from metrics_svc.settings import MetricsSettings
from metrics_svc.webhooks.tables import CHANNEL
from shared.events.lead import LeadFlagged
from shared.events.metrics import (
    WebhookChanged,
    WebhookDisabled,
    WebhookEnabled,
    WebhookRegistered,
    WebhookRemoved,
    WebhookSecretRotated,
)
from shared.outbound.secrets import seal_again
from shared.seal import Seal, Unreadable
from tests.harness import running
from tests.metrics.endpoints import Webhooks

PUBLIC = "https://8.8.8.8/hooks/T0K3N?key=1"  # a number, so no test looks up a name


@pytest.fixture
async def hooks(postgres: Postgres) -> AsyncIterator[Webhooks]:
    async with running(service, postgres, webhook_allow=("127.0.0.1",)) as svc:
        yield Webhooks(svc)


async def test_registering_shows_the_secret_once_and_tells_neither_it_nor_the_path(hooks: Webhooks) -> None:
    made = await hooks.register(PUBLIC, ["clinch.deal.*", "clinch.lead.captured.v1"], description=" ERP ")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    assert (made["url"], made["description"], made["state"], made["version"]) == (PUBLIC, "ERP", "active", 1)
    read = await hooks.read(made)
    assert "secret" not in read
    assert read == {name: value for name, value in made.items() if name != "secret"}
    [told] = await hooks.svc.told(WebhookRegistered)
    assert told.data.model_dump(include={"origin", "types", "position"}) == {
        "origin": "https://8.8.8.8",
        "types": ["clinch.deal.*", "clinch.lead.captured.v1"],
        "position": 0,
    }
    assert told.data.actor is not None
    assert told.data.actor.id == hooks.svc.person("ops")
    written = told.data.model_dump_json()
    assert made["secret"] not in written
    assert "T0K3N" not in written


async def test_secrets_are_kept_encrypted_also_in_the_answer_to_a_key(hooks: Webhooks) -> None:
    body = {"url": PUBLIC, "types": ["*"]}
    made = await hooks.call("POST", body=body, status=201, key="k")
    again = await hooks.call("POST", body=body, status=201, key="k")
    assert again == made
    async with hooks.svc.db.connection() as conn:
        stored = [str(row) for t in ("webhook_secret", "idempotency", "webhook") for row in await conn.fetch(f"SELECT * FROM {t}")]
        bodies = [row[0] for row in await conn.fetch("SELECT body FROM idempotency")]
    assert len(stored) == 3
    assert not any(made["secret"] in text for text in stored)
    assert bodies
    assert made["secret"].encode() not in bodies[0]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://10.0.0.1/"}, "address_refused"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "address_refused"),
        ({"url": "http://2130706434/"}, "address_refused"),
        ({"url": "http://0x7f.2/"}, "address_refused"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, "address_refused"),
        ({"url": "http://[::1]/"}, "address_refused"),
        ({"url": "https://ann:pw@8.8.8.8/"}, "credentials"),
        ({"url": "https://8.8.8.8:22/"}, "bad_port"),
        ({"url": "ftp://8.8.8.8/"}, "url_scheme"),
        ({"types": ["clinch.deal.wonn.v1"]}, "unknown_type"),
        ({"types": ["clinch.deal.*", "clinch.house.*"]}, "unknown_type"),
        ({"types": ["deal"]}, "string_pattern_mismatch"),
        ({"types": []}, "too_short"),
        ({"from": 1}, "position_gone"),
        ({"from": -1}, "bad_start"),
        ({"from": "yesterday"}, "bad_start"),
        ({"secret": "whsec_AAAA"}, "extra_forbidden"),
    ],
)
async def test_what_is_refused(hooks: Webhooks, body: dict[str, object], code: str) -> None:
    answer = await hooks.call("POST", body={"url": PUBLIC, "types": ["*"]} | body, status=422)
    assert code in [e["code"] for e in answer["errors"]]
    assert "10.0.0.1" not in str(answer)


async def test_production_takes_https_only(postgres: Postgres) -> None:
    keys = {"cursor_key": "c" * 40, "secret_key": "s" * 40}
    async with running(service, postgres, env="production", webhook_allow=("127.0.0.1",), **keys) as svc:
        answer = await Webhooks(svc).call("POST", body={"url": "http://127.0.0.1:9000/", "types": ["*"]}, status=422)
        assert answer["errors"] == [{"pointer": "/url", "code": "not_https", "message": "The address must begin with https://."}]
        await Webhooks(svc).register("https://127.0.0.1:9000/")


@pytest.mark.parametrize("role", ["director", "manager", "rep", "auditor", "service"])
async def test_only_admin_and_ops(hooks: Webhooks, role: str) -> None:
    made = await hooks.register(PUBLIC)
    for method, path in (("POST", ""), ("GET", ""), ("GET", f"/{made['id']}"), ("POST", f"/{made['id']}/ping")):
        await hooks.call(method, path, {"url": PUBLIC, "types": ["*"]} if not path else None, status=403, role=role)


async def test_changes_need_the_version_and_tell_what_changed(hooks: Webhooks) -> None:
    made = await hooks.register(PUBLIC)
    path = f"/{made['id']}"
    await hooks.call("PATCH", path, {"description": "x"}, status=428)
    changed = await hooks.call("PATCH", path, {"description": "x", "types": ["clinch.lead.*"]}, status=200, etag=1)
    assert (changed["version"], changed["types"], changed["url"]) == (2, ["clinch.lead.*"], PUBLIC)
    stale = await hooks.call("PATCH", path, {"description": "y"}, status=412, etag=1)
    assert stale["current_version"] == 2
    same = await hooks.call("PATCH", path, {"description": "x"}, status=200, etag=2)
    assert same["version"] == 2
    await hooks.call("PATCH", path, {"url": "http://10.0.0.1/"}, status=422, etag=2)
    await hooks.call("PATCH", path, {"types": ["clinch.nobody.*"]}, status=422, etag=2)
    tried = await hooks.call("PATCH", f"{path}?dry_run=true", {"enabled": False}, status=200, etag=2)
    assert tried["state"] == "disabled"
    assert (await hooks.read(made))["state"] == "active"
    [told] = await hooks.svc.told(WebhookChanged)
    assert told.data.model_dump(include={"changed", "origin"}) == {"changed": ["description", "types"], "origin": "https://8.8.8.8"}


async def test_disabled_by_hand_and_enabled_again(hooks: Webhooks) -> None:
    made = await hooks.register(PUBLIC)
    path = f"/{made['id']}"
    off = await hooks.call("PATCH", path, {"enabled": False}, status=200, etag=1)
    assert (off["state"], off["reason"], off["disabled_at"]) == ("disabled", "by_hand", "2026-03-02T09:00:00Z")
    redeliver = next(a for a in off["allowed_actions"] if a["action"] == "redeliver")
    assert [u["code"] for u in redeliver["unmet"]] == ["disabled"]
    on = await hooks.call("PATCH", path, {"enabled": True, "description": "back"}, status=200, etag=2)
    assert (on["state"], on["reason"], on["disabled_at"], on["version"]) == ("active", None, None, 4)
    kinds = [type(e.data) for e in await hooks.svc.told()]
    assert kinds == [WebhookRegistered, WebhookDisabled, WebhookChanged, WebhookEnabled]
    assert await hooks.broken() == []


async def test_rotating_the_secret(hooks: Webhooks) -> None:
    made = await hooks.register(PUBLIC)
    path = f"/{made['id']}/rotate-secret"
    await hooks.call("POST", path, status=428)
    hooks.svc.clock.advance(hours=1)
    second = await hooks.call("POST", path, status=200, etag=1)
    assert second["secret"] != made["secret"]
    assert second["old_secret_until"] == "2026-03-03T10:00:00Z"
    assert [a["allowed"] for a in second["allowed_actions"] if a["action"] == "rotate_secret"] == [False]
    again = await hooks.call("POST", path, status=409, etag=2)
    assert [u["code"] for u in again["unmet"]] == ["rotating"]
    leaked = await hooks.call("POST", path, {"keep_old": False}, status=200, etag=2)
    assert leaked["old_secret_until"] is None
    assert [e.data.model_dump(include={"old_until"}) for e in await hooks.svc.told(WebhookSecretRotated)] == [
        {"old_until": hooks.svc.clock() + timedelta(days=1)},
        {"old_until": None},
    ]


async def test_a_removed_endpoint_is_gone_but_what_was_told_of_it_stays(hooks: Webhooks) -> None:
    made = await hooks.register(PUBLIC)
    await hooks.call("DELETE", f"/{made['id']}", status=428)
    await hooks.call("DELETE", f"/{made['id']}", status=204, etag=1)
    for method, path in (("GET", ""), ("POST", "/ping"), ("GET", "/deliveries")):
        await hooks.call(method, f"/{made['id']}{path}", status=404)
    await hooks.call("PATCH", f"/{made['id']}", {"enabled": True}, status=404, etag="*")
    assert (await hooks.call("GET", status=200))["items"] == []
    assert len(await hooks.svc.told(WebhookRemoved)) == 1
    assert await hooks.broken() == []


async def test_where_it_begins(hooks: Webhooks) -> None:
    await hooks.happens(*[LeadFlagged(flag="odd")] * 3)
    now, beginning, second = [await hooks.register(PUBLIC, start=start) for start in ("now", "beginning", 2)]
    assert [w["position"] for w in (now, beginning, second)] == [3, 0, 2]
    await hooks.turn()
    assert [len(await hooks.deliveries(w)) for w in (now, beginning, second)] == [0, 3, 1]


async def test_there_are_only_so_many(hooks: Webhooks) -> None:
    for _ in range(Numbers().most_endpoints):
        made = await hooks.register(PUBLIC)
    refused = await hooks.call("POST", body={"url": PUBLIC, "types": ["*"]}, status=409)
    assert refused["code"] == "too_many"
    await hooks.call("DELETE", f"/{made['id']}", status=204, etag="*")
    await hooks.register(PUBLIC)


async def test_secrets_follow_a_new_key_and_the_old_one_can_go(hooks: Webhooks) -> None:
    await hooks.register(PUBLIC)
    old, both, new = (Seal(keys) for keys in (hooks.svc.settings.secret_key.get_secret_value(), "new,development-only", "new"))
    assert await seal_again(hooks.svc.db, CHANNEL, old) == 0
    assert await seal_again(hooks.svc.db, CHANNEL, new) == 0  # cannot be read, so it stays
    assert await seal_again(hooks.svc.db, CHANNEL, both) == 1
    async with hooks.svc.db.connection() as conn:
        sealed = (await conn.fetchval("SELECT sealed FROM webhook_secret")).encode()
    assert new.open(sealed).startswith(b"whsec_")
    with pytest.raises(Unreadable):
        old.open(sealed)


async def test_the_settings_of_production_and_of_the_allow_list() -> None:
    given = {"database_url": "x", "bus_url": "postgresql://", "issuer": "x", "env": "production", "cursor_key": "c" * 40}
    for wrong in ({}, {"secret_key": "new,development-only"}, {"secret_key": "a,"}, {"secret_key": "k", "webhook_allow": ["10.0.0.1/8"]}):
        with pytest.raises(ValidationError):
            MetricsSettings.model_validate(given | wrong)
    MetricsSettings.model_validate(given | {"secret_key": "k" * 40, "webhook_allow": ["10.0.0.0/8", "erp.internal"]})
