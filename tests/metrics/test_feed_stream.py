"""`GET /v1/stream` over a socket: order, resuming, slow clients, and every way in which a stream ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from metrics_svc.feed import stream, tail
from metrics_svc.feed.commands import forget
from shared.auth import Actor
from shared.errors import Unauthorized, Unavailable
from shared.events.envelope import Envelope
from shared.events.team import PersonAdded, PersonChanged
from tests.harness import Running
from tests.metrics.streams import Listener, listening
from tests.metrics.test_feed import HISTORY, append
from tests.metrics.told import Lead, on


def leads(start: int, n: int, **who: Any) -> list[Envelope[Any]]:
    return [Lead(f"S{k}").captured(on(k), **who).events[0] for k in range(start, start + n)]


@pytest_asyncio.fixture(scope="function")
async def base(svc: Running) -> AsyncIterator[str]:
    async with listening(svc) as url:
        yield url


async def test_events_come_as_they_are_appended(svc: Running, base: str) -> None:
    await append(svc, HISTORY[:2])
    reader = await Listener(base, "admin").connect()
    assert (reader.sent[0].id, reader.sent[0].retry, reader.sent[0].comments) == ("2", 2000, ["connected"])
    await append(svc, HISTORY[2:4])
    await append(svc, HISTORY[4:])
    came = await reader.until(4)
    assert [(s.id, s.event, s.data["id"]) for s in came] == [(str(n), e.type, str(e.id)) for n, e in enumerate(HISTORY[2:], 3)]
    assert came[0].data["data"]["bant_score"] == 80
    await reader.cut()


async def test_a_reader_may_begin_earlier_and_ask_for_less(svc: Running, base: str) -> None:
    await append(svc, HISTORY)
    reader = await Listener(base, "admin", after=0, types="clinch.deal.*").connect()
    assert [s.id for s in await reader.until(3)] == ["4", "5", "6"]
    await append(svc, leads(0, 1))
    later = Lead("S99").captured(on(1)).events
    await append(svc, later)
    await asyncio.sleep(0.5)
    assert len(reader.events) == 3
    await reader.cut()


async def test_a_cut_stream_goes_on_without_gap_or_double(svc: Running, base: str) -> None:
    reader = await Listener(base, "admin").connect()
    for n in range(6):
        await append(svc, leads(10 * n, 5))
        if n % 2:
            await reader.until(5 * n)
            await reader.cut()
        await append(svc, leads(10 * n + 5, 5))
        if n % 2:
            await reader.connect()
    came = await reader.until(60)
    assert [s.id for s in came] == [str(n) for n in range(1, 61)]
    await reader.cut()


async def test_a_slow_client_is_waited_for_and_held_in_little_memory(svc: Running, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not read while 10 MB pass: the stream stands still, and others go on."""
    read: list[int] = []
    original = tail.Tail.read

    async def noted(self: tail.Tail, position: int, *args: Any) -> Any:
        read.append(position)
        return await original(self, position, *args)

    monkeypatch.setattr(tail, "KEPT", 200)
    host, port = base.removeprefix("http://").split(":")
    quick = await Listener(base, "admin:quick").connect()
    receive, send = await asyncio.open_connection(host, int(port), limit=4096)
    send.write(b"GET /v1/stream HTTP/1.1\r\nHost: clinch\r\nAuthorization: Bearer admin:slow\r\n\r\n")
    await receive.readuntil(b"connected")
    monkeypatch.setattr(tail.Tail, "read", noted)
    large = {"campaign": "c" * 8000}
    for n in range(6):
        await append(svc, leads(200 * n, 200, **large))
    await quick.until(1200)
    await quick.cut()
    async with asyncio.timeout(60):
        while read:  # until its buffers are full: nothing is read for a client that takes nothing
            read.clear()
            await asyncio.sleep(0.3)
        got = bytearray()
        while b"\nid: 1200\n" not in got[-20000:]:
            got += await receive.read(65536)
    assert read, "all was read for it before"
    ids = [int(line[4:]) for line in got.decode().splitlines() if line.startswith("id: ")]
    assert [n for n in ids if n] == list(range(1, 1201))
    send.close()


async def test_the_database_is_asked_once_for_all_readers(svc: Running, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    readers = [await Listener(base, f"admin:{n}").connect() for n in range(12)]
    await append(svc, leads(0, 3))
    for reader in readers:
        await reader.until(3)
    asked = 0
    original = stream.Tail.read

    async def from_memory(self: tail.Tail, position: int, *args: Any) -> Any:
        nonlocal asked
        asked += not self._before <= position <= self._latest
        return await original(self, position, *args)

    monkeypatch.setattr(tail.Tail, "read", from_memory)
    await append(svc, leads(3, 20), leads(23, 20))
    for reader in readers:
        assert [s.id for s in await reader.until(43)] == [str(n) for n in range(1, 44)]
    assert asked == 0
    assert svc.db.in_use <= 1
    for reader in readers:
        await reader.cut()


async def test_who_stands_on_deleted_events_is_told_so(svc: Running, base: str) -> None:
    await append(svc, HISTORY)
    reader = Listener(base, "admin", after=0)
    reader.last_id = "2"
    svc.clock.advance(days=31)
    async with svc.transaction() as tx:
        await forget(tx, svc.clock() - timedelta(days=30), 3)
    await reader.connect()
    await reader.ended()
    assert reader.status == 410
    assert (reader.refusal["code"], reader.refusal["oldest"], reader.refusal["latest"]) == ("position_gone", 3, 6)


async def test_a_stream_overtaken_by_retention_says_so_and_ends(svc: Running, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await append(svc, HISTORY)
    monkeypatch.setattr(stream, "PIECE", 2)
    original = tail.Tail.read

    async def overtaken(self: tail.Tail, position: int, *args: Any) -> Any:
        if position == 2:
            async with svc.transaction() as tx:
                await forget(tx, svc.clock() + timedelta(days=1), 5)
        return await original(self, position, *args)

    monkeypatch.setattr(tail.Tail, "read", overtaken)
    reader = await Listener(base, "admin", after=0).connect()
    await reader.ended()
    assert [s.event for s in reader.events[:2]] == [e.type for e in HISTORY[:2]]
    assert (reader.sent[-1].event, reader.sent[-1].data["code"], reader.sent[-1].data["oldest"]) == ("gap", "position_gone", 5)
    assert reader.sent[-1].id is None


async def test_a_stream_ends_when_the_process_is_told_to(svc: Running, base: str) -> None:
    reader = await Listener(base, "admin").connect()
    svc.app.state.stopping.set()
    await reader.ended()
    assert (reader.sent[-1].event, reader.sent[-1].data["code"]) == ("end", "restarting")


async def test_a_stream_ends_with_its_token(svc: Running, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CHECK_SECONDS", 0.05)
    verifier = svc.app.state.verifier
    reader = await Listener(base, "admin").connect()

    async def away(token: str) -> Actor:
        raise Unavailable("The issuer does not answer.")

    async def expired(token: str) -> Actor:
        raise Unauthorized("The token has expired.")

    monkeypatch.setattr(verifier, "actor", away)
    await asyncio.sleep(0.2)
    await append(svc, leads(0, 1))
    await reader.until(1)
    monkeypatch.setattr(verifier, "actor", expired)
    await reader.ended()
    assert (reader.sent[-1].event, reader.sent[-1].data["code"]) == ("end", "unauthorized")


async def test_a_stream_ends_when_its_person_leaves(svc: Running, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CHECK_SECONDS", 0.05)
    reader = await Listener(base, "admin:ada").connect()
    await svc.hear(PersonAdded(role="admin"), svc.person(subject="ada"))
    await svc.hear(PersonChanged(role="admin", active=False), svc.person(subject="ada"), 2)
    svc.app.state.leavers.forget()
    await reader.ended()
    assert (reader.sent[-1].event, reader.sent[-1].data["code"]) == ("end", "person_inactive")


async def test_a_quiet_stream_is_kept_alive_and_its_position_moves_on(svc: Running, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(stream, "CHECK_SECONDS", 0.1)
    reader = await Listener(base, "admin", types="clinch.deal.won.v1").connect()
    await append(svc, HISTORY[:5])
    async with asyncio.timeout(60):
        while reader.last_id != "5":  # noqa: ASYNC110 -- what is waited for is no event
            await asyncio.sleep(0.02)
    assert reader.events == []
    assert reader.sent[-1].comments == ["nothing new"]
    await reader.cut()


async def test_one_principal_may_not_take_all_places(svc: Running, base: str) -> None:
    limit = svc.settings.streams_max_each
    readers = [await Listener(base, "admin:greedy").connect() for _ in range(limit)]
    refused = await Listener(base, "admin:greedy").connect()
    await refused.ended()
    assert (refused.status, refused.refusal["code"]) == (429, "too_many_streams")
    other = await Listener(base, "admin:modest").connect()
    assert other.status == 200
    await readers[0].cut()
    async with asyncio.timeout(60):
        while (await Listener(base, "admin:greedy").connect()).status != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("given", [{"types": "clinch.deal.wun.v1"}, {"aggregate": "deel"}, {"after": "-1"}, {"after": "soon"}])
async def test_what_no_event_can_match_is_refused_at_once(base: str, given: dict[str, str]) -> None:
    reader = await Listener(base, "admin", **given).connect()
    await reader.ended()
    assert (reader.status, reader.refusal["errors"][0]["pointer"]) == (422, next(iter(given)))


async def test_head_of_a_stream_has_its_headers_and_an_end(svc: Running) -> None:
    async with svc.client() as client, asyncio.timeout(30):
        answer = await client.head("/v1/stream")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
