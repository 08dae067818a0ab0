"""Where a delivery is sent to: addresses are checked when they are connected to, not before."""

import pytest

from metrics_svc.webhooks.addresses import Allowed
from metrics_svc.webhooks.sender import REFUSED, UNKNOWN_HOST, OutOfBounds, Sender, checked
from shared.clock import utcnow
from shared.events.lead import LeadFlagged, LeadIntentRecorded
from tests.metrics.endpoints import Webhooks
from tests.metrics.receiver import Receiver, receiving, tls_for

FLAGGED, INTENT = LeadFlagged(flag="odd"), LeadIntentRecorded(level="high")


async def test_a_name_that_leads_inside_is_refused() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return {"inside.example": ["10.0.0.1"], "both.example": ["8.8.8.8", "127.0.0.1"], "out.example": ["8.8.8.8"]}[host]

    for host in ("inside.example", "both.example"):
        with pytest.raises(OutOfBounds, match="not a public one"):
            await checked(host, 443, Allowed(), resolve)
    assert await checked("out.example", 443, Allowed(), resolve) == ["8.8.8.8"]


async def test_a_name_that_nobody_knows() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(OutOfBounds, match=UNKNOWN_HOST):
        await checked("nowhere.example", 443, Allowed(), resolve)


async def test_a_name_that_is_bound_anew_between_check_and_connection_reaches_nothing(hooks: Webhooks, receiver: Receiver) -> None:
    """DNS rebinding: the name leads to a public address when it is registered, and inside when something is sent."""
    looked_up: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["8.8.8.8"] if len(looked_up) == 1 else ["127.0.0.1"]

    await checked("rebind.example", receiver.port, Allowed(), resolve)
    settings = hooks.svc.settings.model_copy(update={"webhook_allow": ()})
    async with Sender(settings, utcnow, resolve) as sender:
        answer = await sender.post(f"http://rebind.example:{receiver.port}/hooks", {}, b"{}")
    assert (answer.status, answer.error) == (None, REFUSED)
    assert receiver.received == []


async def test_the_name_is_looked_up_once_and_tls_still_holds_the_receiver_to_it(hooks: Webhooks) -> None:
    looked_up: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    ours, theirs = tls_for("erp.example")
    async with receiving(tls=theirs) as receiver, Sender(hooks.svc.settings, utcnow, resolve, ours) as sender:
        answer = await sender.post(f"https://erp.example:{receiver.port}/hooks?key=1", {}, b"{}")
        assert (answer.status, answer.error) == (204, None)
        assert looked_up == ["erp.example"]
        [got] = receiver.received
        assert (got.headers["host"], got.path) == (f"erp.example:{receiver.port}", "/hooks?key=1")
        other = await sender.post(f"https://other.example:{receiver.port}/hooks", {}, b"{}")
        assert other.status is None
        assert other.error is not None
        assert other.error.startswith("could not connect")
        assert len(receiver.received) == 1


async def test_proxies_of_the_environment_are_not_used(hooks: Webhooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with Sender(hooks.svc.settings, utcnow) as sender:
        assert (await sender.post(receiver.url, {}, b"{}")).status == 204
