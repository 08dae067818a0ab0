"""Where a delivery is sent to: addresses are checked when they are connected to, not before."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from shared.clock import utcnow
from shared.outbound.addresses import Allowed
from shared.outbound.sender import UNKNOWN_HOST, OutOfBounds, Sender, checked
from tests.receiver import Receiver, receiving, tls_for

NOWHERE, HERE = Allowed("ALLOW"), Allowed.of("ALLOW", ["127.0.0.1"])


@pytest_asyncio.fixture(scope="function")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


def sending(allowed: Allowed = HERE, **how: Any) -> Sender:
    return Sender(utcnow, allowed=allowed, seconds=5, agent="Test/1", **how)


async def test_a_name_that_leads_inside_is_refused() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return {"inside.example": ["10.0.0.1"], "both.example": ["8.8.8.8", "127.0.0.1"], "out.example": ["8.8.8.8"]}[host]

    for host in ("inside.example", "both.example"):
        with pytest.raises(OutOfBounds, match="not a public one"):
            await checked(host, 443, NOWHERE, resolve)
    assert await checked("out.example", 443, NOWHERE, resolve) == ["8.8.8.8"]


async def test_a_name_that_nobody_knows() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(OutOfBounds, match=UNKNOWN_HOST):
        await checked("nowhere.example", 443, NOWHERE, resolve)


async def test_a_name_that_is_bound_anew_between_check_and_connection_reaches_nothing(receiver: Receiver) -> None:
    """DNS rebinding: the name leads to a public address when it is registered, and inside when something is sent."""
    looked_up: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["8.8.8.8"] if len(looked_up) == 1 else ["127.0.0.1"]

    await checked("rebind.example", receiver.port, NOWHERE, resolve)
    async with sending(NOWHERE, resolve=resolve) as sender:
        answer = await sender.post(f"http://rebind.example:{receiver.port}/hooks", {}, b"{}")
    assert (answer.status, answer.error) == (None, "the address is not a public one, and ALLOW does not list it")
    assert receiver.received == []


async def test_the_name_is_looked_up_once_and_tls_still_holds_the_receiver_to_it() -> None:
    looked_up: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    ours, theirs = tls_for("erp.example")
    async with receiving(tls=theirs) as receiver, sending(resolve=resolve, tls=ours) as sender:
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


async def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with sending() as sender:
        assert (await sender.post(receiver.url, {}, b"{}")).status == 204
