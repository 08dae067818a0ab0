"""Events that cannot get into the log, on a real Postgres: parked alone, in order, published again or given up."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from shared.events.contract import ContractDeadlineStarted
from shared.events.envelope import topic
from shared.ids import new_id
from shared.log import relay as relaying
from shared.log.bus import BusUnavailable, Message, MessageRefused, TopicRefused, UnknownTopic
from shared.log.delivery import _topic, deliver, parcels
from shared.log.relay import LETTERS, sample
from tests.harness import Running
from tests.shared.letters import BEHIND, TOPIC, edit, emptied, letters, refusing, relays, sql, versions, write
from tests.shared.memory_bus import MemoryBus
from tests.shared.until import until


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"pool_size": 20}


BROKEN = {
    "time = '-infinity'": "no message can hold its time, -infinity",
    "time = 'infinity'": "no message can hold its time, infinity",
    "time = '4000-01-01 BC'": "no message can hold its time, 4000-01-01 00:00:00+00 BC",
    "time = '0001-01-01'": "no message can hold its time, 0001-01-01 00:00:00+00",
    "time = '290000-01-01'": "no message can hold its time, 290000-01-01 00:00:00+00",
    "type = 'nonsense'": "its type 'nonsense' is no event type",
    "aggregate = 'no such\ntopic'": "its type clinch.note.edited.v1 does not belong to the aggregate",
    "version = -2": "its version is -2; versions begin at 1",
    "data = '[1]'": "its data is no JSON object",
}


@pytest.mark.parametrize("change", BROKEN)
async def test_an_event_that_no_message_can_be_made_of_is_parked_and_the_others_go_on(notes: Running, change: str) -> None:
    """Version 1 of a note is fine, version 2 is broken by SQL, version 3 waits behind it; another note has nothing to do with it."""
    bus, bad, good = MemoryBus(), await write(notes), await write(notes)
    await edit(notes, bad, 2)
    await edit(notes, good, 2)
    [broken] = await sql(notes, f"UPDATE event SET {change} WHERE subject = $1 AND version = 2 RETURNING id, version", bad)
    async with relays(notes, bus):
        await emptied(notes)
    assert (versions(bus, bad), versions(bus, good)) == ([1], [1, 2, 3])
    found = {version: error for _, version, error in await letters(notes)}
    assert found.keys() == {broken["version"], 3}
    assert found[broken["version"]].startswith(BROKEN[change])
    assert found[3] == BEHIND


async def test_a_row_of_the_outbox_without_its_event_is_parked(notes: Running) -> None:
    bus, good = MemoryBus(), await write(notes)
    lost = new_id()
    await sql(notes, "INSERT INTO outbox (event_id) VALUES ($1)", lost)
    async with relays(notes, bus):
        await emptied(notes)
    assert await letters(notes) == [(lost, 0, "the table `event` has no such event")]
    assert versions(bus, good) == [1]


def test_a_part_of_a_record_is_told_in_a_topic_of_its_own() -> None:
    """Events are named by their record, and have a subject of their own: a deadline, a task, an approval."""
    assert _topic(ContractDeadlineStarted.type, "contract_deadline") == topic("contract_deadline")
    with pytest.raises(ValueError, match="does not belong"):
        _topic(ContractDeadlineStarted.type, "contract")
    assert _topic("clinch.deal.newer_told.v1", "deal_newer") == topic("deal_newer")
    with pytest.raises(ValueError, match="does not belong"):
        _topic("clinch.deal.newer_told.v1", "dealer")


async def test_a_type_that_only_a_newer_version_knows_is_published(notes: Running) -> None:
    """In an upgrade the new API may run beside the old worker."""
    bus, id = MemoryBus(), await write(notes)
    await sql(notes, "UPDATE event SET type = 'clinch.note.pinned.v2'")
    async with relays(notes, bus):
        await emptied(notes)
    [message] = bus.all(TOPIC)
    assert (message.headers["ce_type"], message.headers["ce_source"]) == ("clinch.note.pinned.v2", "/clinch/note-svc")
    assert versions(bus, id) == [1]


async def test_what_the_log_refuses_is_found_among_many_and_the_others_are_published_once(notes: Running) -> None:
    bus, ids = MemoryBus(), [await write(notes) for _ in range(40)]
    bad = {str(ids[3]), str(ids[17]), str(ids[39])}
    for id in ids:
        await edit(notes, id)
    bus.before_publish = refusing(lambda some: MessageRefused([*some, *some], "too large"), lambda m: m.key in bad)
    async with relays(notes, bus):
        await emptied(notes)
    assert {key: versions(bus, UUID(key)) for key in map(str, ids)} == {key: [] if key in bad else [1, 2] for key in map(str, ids)}
    assert len(bus.all(TOPIC)) == 74
    assert {(str(subject), version) for subject, version, _ in await letters(notes)} == {(key, v) for key in bad for v in (1, 2)}


async def test_a_topic_that_takes_nothing_holds_up_no_other(notes: Running) -> None:
    bus, closed, good = MemoryBus(), await write(notes), await write(notes)
    await sql(notes, "UPDATE event SET aggregate = 'secret', type = 'clinch.secret.told.v1' WHERE subject = $1", closed)
    bus.before_publish = refusing(lambda some: TopicRefused(some[0].topic, "no permission"), lambda m: "secret" in m.topic)
    async with relays(notes, bus):
        await emptied(notes)
    assert [error for _, _, error in await letters(notes)] == ["the log takes nothing for the topic clinch.secret.events.v1: no permission"]
    assert versions(bus, good) == [1]


async def test_topics_that_are_missing_and_cannot_be_made_hold_up_no_other(notes: Running) -> None:
    class Strict(MemoryBus):
        async def ensure_topics(self, topics: Sequence[str], partitions: int = 8) -> None:
            raise TopicRefused(topics[0], "it does not exist and cannot be created")

    bus, first, second, good = Strict(), await write(notes), await write(notes), await write(notes)
    for id, name in ((first, "one"), (second, "two")):
        await sql(notes, f"UPDATE event SET aggregate = '{name}', type = 'clinch.{name}.told.v1' WHERE subject = $1", id)
    bus.before_publish = refusing(lambda some: UnknownTopic(some[0].topic), lambda m: m.topic != TOPIC)
    async with relays(notes, bus):
        await emptied(notes)
    assert {subject for subject, _, _ in await letters(notes)} == {first, second}
    assert versions(bus, good) == [1]


async def test_while_the_log_is_away_nothing_is_parked_and_the_database_says_so_until_it_is_back(notes: Running) -> None:
    bus, id, back = MemoryBus(), await write(notes), asyncio.Event()

    async def away(messages: Sequence[Message]) -> Sequence[Message]:
        if not back.is_set():
            raise BusUnavailable("nobody answers")
        return messages

    bus.before_publish = away
    async with relays(notes, bus):

        async def noted() -> bool:
            return [r["error"] for r in await sql(notes, "SELECT error FROM blocked_task")] == ["BusUnavailable: nobody answers"]

        await until(noted)
        [first] = await sql(notes, "SELECT since FROM blocked_task")
        await asyncio.sleep(0.5)
        assert await sql(notes, "SELECT since FROM blocked_task") == [first], "since its first failure"
        back.set()
        await emptied(notes)
        await until(lambda: none_blocked(notes))
    assert (versions(bus, id), await letters(notes)) == ([1], [])


async def none_blocked(notes: Running) -> bool:
    return not await sql(notes, "SELECT FROM blocked_task")


async def test_what_a_worker_noted_that_is_gone_is_forgotten_by_the_next(notes: Running) -> None:
    await sql(notes, "INSERT INTO blocked_task (name, since, error) VALUES ('relay', now(), 'of a worker that was killed')")
    async with relays(notes, MemoryBus()):
        await until(lambda: none_blocked(notes))


async def test_a_refusal_that_takes_long_to_find_is_found_in_several_tries(notes: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try may halve only once, as with brokers that answer slowly; the next begins with the smaller batch."""
    monkeypatch.setattr(relaying, "SEARCH_SECONDS", -1.0)
    bus, ids = MemoryBus(), [await write(notes) for _ in range(16)]
    bad = str(ids[5])
    bus.before_publish = refusing(lambda some: MessageRefused([*some, *some], "too large"), lambda m: m.key == bad)
    async with relays(notes, bus, batch=16):
        await emptied(notes)
    assert [str(subject) for subject, _, _ in await letters(notes)] == [bad]
    assert {m.key for m in bus.all(TOPIC)} == {str(id) for id in ids} - {bad}


async def test_the_sampler_counts_open_letters(notes: Running) -> None:
    id = await write(notes)
    await edit(notes, id)
    await sql(notes, "UPDATE event SET type = 'nonsense' WHERE version = 1")
    async with relays(notes, MemoryBus()):
        await emptied(notes)
    stop = asyncio.Event()
    task = asyncio.create_task(sample(notes.db, stop, service="letters-svc"))

    async def sampled() -> bool:
        return bool(LETTERS.labels("letters-svc")._value.get() == 2)

    await until(sampled)
    stop.set()
    await task


class Row(dict[str, Any]):
    """What asyncpg returns, as far as it is read here."""


def row(subject: UUID, version: int, **change: Any) -> Row:
    event: dict[str, Any] = {"event_id": new_id(), "type": "clinch.note.edited.v1", "aggregate": "note", "subject": subject}
    given = {"version": version, "time": datetime(2026, 1, 1, tzinfo=UTC), "odd_time": None, "traceparent": None, "data": b"{}"}
    return Row(event | given | change)


async def test_what_comes_before_a_refused_event_is_sent_and_what_comes_behind_is_not() -> None:
    a, b, bus = new_id(), new_id(), MemoryBus()
    batch = parcels([row(a, 1), row(b, 1), row(a, 2, data=b"[]"), row(a, 3), row(b, 2)], "note-svc")
    done = await deliver(bus, batch, until=float("inf"))
    assert [(p.subject, p.row["version"]) for p in done.sent] == [(a, 1), (b, 1), (b, 2)]
    assert [(p.subject, p.row["version"]) for p, _ in done.refused] == [(a, 2)]
    assert [(p.subject, p.row["version"]) for p in done.behind] == [(a, 3)]


async def test_a_held_aggregate_is_not_published_at_all() -> None:
    a, b, bus = new_id(), new_id(), MemoryBus()
    done = await deliver(bus, parcels([row(a, 7), row(b, 1)], "note-svc"), until=float("inf"), held=frozenset({a}))
    assert ([p.subject for p in done.behind], [p.subject for p in done.sent]) == ([a], [b])
