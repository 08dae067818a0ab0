"""The feed: what the consumer appends, in which order, and what a reader gets of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from metrics_svc.feed import queries
from metrics_svc.feed.checks import CHECKS, in_the_feed
from metrics_svc.feed.commands import NAME, TOPICS, feed, forget
from metrics_svc.feed.queries import Slice
from metrics_svc.feed.rules import Gone, Wanted
from metrics_svc.feed.tail import Tail
from shared.auth import Actor, Role
from shared.events.envelope import Envelope
from shared.events.quote import QuoteCosted, QuoteCreated
from shared.ids import new_id
from shared.log.bus import Delivered, Message, open_bus
from shared.log.consumer import Consumer
from shared.verify import run
from tests.harness import Running, as_delivered
from tests.metrics.told import Deal, Lead, Story, events_of, on, person
from tests.shared.memory_bus import MemoryBus
from tests.shared.until import until

HISTORY = [
    *Lead("L1").captured(on(1)).mql(on(2)).sql(on(3)).events,
    *Deal("D1").opened(on(4), 1000).moved(on(5), "proposal").won(on(9)).events,
]


async def append(svc: Running, *batches: Sequence[Envelope[Any]]) -> None:
    for batch in batches:
        async with svc.transaction() as tx:
            await feed(tx, [as_delivered(e) for e in batch])


async def read(svc: Running, position: int = 0, **how: Any) -> Slice:
    async with svc.db.read() as db:
        return await queries.after(db, position, **how)


async def test_each_event_gets_the_next_position(svc: Running) -> None:
    await append(svc, HISTORY[:2], HISTORY[2:])
    found = await read(svc)
    assert [(e.position, e.event_id, e.type, e.subject, e.version) for e in found.items] == [
        (n, e.id, e.type, e.subject, e.version) for n, e in enumerate(HISTORY, 1)
    ]
    assert (found.next_after, found.oldest, found.latest) == (6, 0, 6)


async def test_an_event_keeps_what_this_version_does_not_know(svc: Running) -> None:
    message = as_delivered(HISTORY[0])
    newer = {**message.headers, "ce_type": "clinch.lead.sung.v1", "ce_mood": "cheerful"}
    message = type(message)(message.topic, 0, 0, message.key, b'{"song": "\xc3\xa4", "recorded_at": null}', newer)
    async with svc.transaction() as tx:
        await feed(tx, [message])
    (found,) = (await read(svc)).items
    event = orjson.loads(found.event)
    assert event["data"] == {"song": "ä", "recorded_at": None}
    assert (event["type"], event["mood"], event["specversion"], event["id"]) == (
        "clinch.lead.sung.v1",
        "cheerful",
        "1.0",
        str(HISTORY[0].id),
    )


async def test_a_reader_goes_on_where_it_was_told_to(svc: Running) -> None:
    await append(svc, HISTORY)
    seen, position = [], 0
    while True:
        found = await read(svc, position, limit=4)
        if not found.items:
            break
        seen += [e.position for e in found.items]
        position = found.next_after
    assert seen == [1, 2, 3, 4, 5, 6]
    assert position == 6


async def test_a_reader_asks_for_types_aggregates_and_a_subject(svc: Running) -> None:
    await append(svc, HISTORY)
    asked = {
        Wanted(types=("clinch.deal.*",)): [4, 5, 6],
        Wanted(types=("clinch.deal.won.v1", "clinch.*_reached.v1")): [2, 6],
        Wanted(aggregates=("lead",)): [1, 2, 3],
        Wanted(subject=HISTORY[3].subject, types=("*.opened.*",)): [4],
    }
    for wanted, positions in asked.items():
        found = await read(svc, wanted=wanted)
        assert [e.position for e in found.items] == positions
        assert all(wanted.takes(e) for e in found.items)
        assert found.next_after == 6
    assert not any(Wanted(aggregates=("lead",)).takes(e) for e in (await read(svc, 3)).items)


async def test_what_is_for_some_roles_is_shown_to_nobody_else_though_they_see_the_record(svc: Running) -> None:
    """The margin of a quote, in the table and in memory; its owner and whoever else sees the deal get the rest."""
    ann, quote = person("ann"), Story("q", "quote")
    deal = Deal("D2").opened(on(1), 1000, owner_id=ann)
    ten = {"amount": "10", "currency": "CNY"}
    totals = dict.fromkeys(("list_total", "net", "tax", "total"), ten)
    said = {
        "deal_id": deal.id,
        "owner_id": ann,
        "number": "Q",
        "revision": 1,
        "fx": "1",
        "discount_percent": "0",
        "valid_until": "2025-02-01",
    }
    quote.tell(on(2), QuoteCreated.model_validate(said | totals))
    quote.tell(on(3), QuoteCosted.model_validate(said | totals | {"cost": ten, "margin": ten}))
    await append(svc, events_of([deal, quote]))
    seen = {role: {e.type for e in (await read(svc, actor=Actor.of(ann, {role}))).items} for role in Role}
    tail = Tail(svc.db, svc.settings, asyncio.Event(), service="metrics-svc")
    [costed] = [e for e in (await read(svc)).items if e.type == QuoteCosted.type]
    for role in (Role.director, Role.admin, Role.sales_ops, Role.auditor):  # who sees all deals is asked for nothing else
        assert tail._visible(Actor.of(ann, {role}), costed) is (QuoteCosted.type in seen[role]), role
    assert {role for role, types in seen.items() if QuoteCosted.type in types} == {Role.finance, Role.director, Role.admin, Role.system}
    assert QuoteCreated.type in seen[Role.rep]


async def test_a_stretch_without_anything_for_the_reader_is_passed_in_pieces(svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "WINDOW", 2)
    await append(svc, HISTORY)
    first = await read(svc, wanted=Wanted(aggregates=("deal",)))
    assert (first.items, first.next_after, first.latest) == ([], 2, 6)


async def test_old_events_are_deleted_in_steps_and_who_stood_there_is_told(svc: Running) -> None:
    await append(svc, HISTORY[:4])
    svc.clock.advance(days=20)
    await append(svc, HISTORY[4:])
    svc.clock.advance(days=11)
    before = svc.clock() - timedelta(days=30)
    deleted = []
    for _ in range(3):
        async with svc.transaction() as tx:
            deleted.append(await forget(tx, before, 3))
    assert deleted == [3, 1, 0]
    with pytest.raises(Gone) as gone:
        await read(svc, 3)
    assert gone.value.extra == {"oldest": 4, "latest": 6}
    assert [e.position for e in (await read(svc, 4)).items] == [5, 6]


async def test_a_position_ahead_of_the_feed_is_not_taken_for_its_end(svc: Running) -> None:
    """As after a restore from a backup: what comes would be passed over in silence."""
    await append(svc, HISTORY)
    with pytest.raises(Gone):
        await read(svc, 7)
    assert (await read(svc, 6)).items == []


async def test_what_was_recorded_before_the_horizon_is_not_taken_in(svc: Running) -> None:
    old = list(HISTORY)
    old[0] = replace(old[0], data=old[0].data.model_copy(update={"recorded_at": on(1)}))
    await append(svc, old)
    found = await read(svc)
    assert [e.event_id for e in found.items] == [e.id for e in HISTORY[1:]]
    assert found.latest == 5


async def test_no_position_is_seen_before_a_lower_one(svc: Running) -> None:
    """Appenders race, the one that is first slowest to commit; a reader who continues from the last position seen misses nothing."""
    stories = [Lead(f"R{n}").captured(on(n)).mql(on(n)).sql(on(n)).events for n in range(40)]
    done = asyncio.Event()

    async def appending(mine: Sequence[Sequence[Envelope[Any]]]) -> None:
        for n, story in enumerate(mine):
            async with svc.transaction() as tx:
                await feed(tx, [as_delivered(e) for e in story])
                await asyncio.sleep(0.002 * (n % 3))

    async def reading() -> list[int]:
        seen: list[int] = []
        position = 0
        while True:
            last = done.is_set()
            found = await read(svc, position, limit=7)
            seen += [e.position for e in found.items]
            position = found.next_after
            if last and position == found.latest:
                return seen
            await asyncio.sleep(0)

    readers = [asyncio.create_task(reading()) for _ in range(2)]
    await asyncio.gather(*(appending(stories[k::4]) for k in range(4)))
    done.set()
    for reader in readers:
        assert await reader == list(range(1, 121))


async def test_verify_finds_what_the_feed_lacks(svc: Running) -> None:
    bus = open_bus(svc.settings.bus_url, client="test")
    await bus.start()

    async def offenders() -> list[int]:
        async with svc.db.connection() as conn:
            return [f.offenders async for f in in_the_feed(conn, bus)] + [f.offenders async for f in run(conn, CHECKS)]

    try:
        await bus.ensure_topics(TOPICS)
        messages = [as_delivered(e) for e in HISTORY]
        await bus.publish([Message(m.topic, m.key, m.value, m.headers) for m in [*messages, *messages[2:4]]])
        await append(svc, HISTORY)
        assert await offenders() == [0, 0, 0]
        async with svc.db.connection() as conn:
            await conn.execute("DELETE FROM feed WHERE position IN (2, 3)")
        assert await offenders() == [3, 1, 0]  # one of the two is in the log twice
        async with svc.db.connection() as conn:
            await conn.execute("UPDATE feed_head SET horizon = 'infinity'")
        assert await offenders() == [3, 1, 0]  # these do not say when they were recorded
    finally:
        await bus.stop()


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00", "-infinity"])
async def test_an_event_of_a_time_that_no_reader_can_keep_is_parked_and_the_others_are_taken(svc: Running, time: str) -> None:
    """Its own time, and when it was recorded."""
    bus = MemoryBus()
    first, second, third = (as_delivered(e) for e in (HISTORY[0], HISTORY[3], Lead("L2").captured(on(2)).events[0]))
    recorded = orjson.dumps({**orjson.loads(second.value), "recorded_at": time})
    for told in (replace(first, headers={**first.headers, "ce_time": time}), replace(second, value=recorded), third):
        bus.append(Message(told.topic, told.key, told.value, told.headers))
    await bus.ensure_topics(TOPICS)
    consumer, stop = Consumer(NAME, svc.db, bus, TOPICS, feed, service="metrics-svc"), asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))

    async def done() -> bool:
        async with svc.db.connection() as conn:
            return len((await read(svc)).items) + await conn.fetchval("SELECT count(*) FROM dead_letter") == 3

    await until(done)
    stop.set()
    await task
    assert [str(e.event_id) for e in (await read(svc)).items] == [third.headers["ce_id"]]


async def test_a_contact_that_moves_takes_its_events_of_the_same_batch_along(svc: Running) -> None:
    contact, one, other = (new_id() for _ in range(3))
    told = as_delivered(HISTORY[0])

    def says(version: int, account: UUID) -> Delivered:
        headers = {**told.headers, "ce_type": "clinch.contact.changed.v1", "ce_id": str(new_id())}
        headers |= {"ce_subject": str(contact), "ce_sequence": f"{version:019d}"}
        value = orjson.dumps({"account_id": str(account), "recorded_at": None})
        return Delivered("clinch.contact.events.v1", 0, version, str(contact), value, headers)

    async with svc.transaction() as tx:
        await feed(tx, [says(1, one), says(2, one), says(3, other)])
    assert [e.belongs_to for e in (await read(svc)).items] == [other] * 3
