"""The relay on a real Postgres: nothing is lost and nothing out of order, whoever is killed, cut off or frozen."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.db.database import Database
from shared.ids import new_id
from shared.log import relay as relaying
from shared.log.bus import BusUnavailable, Message, UnknownTopic
from shared.log.delivery import parcels
from shared.log.relay import PENDING, Cleared, relay, sample
from tests.harness import Running
from tests.shared.memory_bus import MemoryBus
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteWritten
from tests.shared.until import until

TOPIC = "clinch.note.events.v1"
STARTED = datetime(2026, 1, 1, tzinfo=UTC)
CUT_RELAYS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE '%FROM outbox WHERE id >%' AND query NOT LIKE '%pg_terminate_backend%'
"""


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"pool_size": 20}


@pytest.fixture
async def harmed(notes: Running) -> AsyncIterator[Database]:
    """A pool of their own for those whose connections are cut, so that nobody else gets a broken one."""
    db = Database(notes.settings)
    await db.start()
    yield db
    await db.stop()


async def write(notes: Running) -> UUID:
    async with notes.transaction() as tx:
        note = await tx.add(NOTES, Note(new_id(), 0, "a", tx.now), NoteWritten(text="a"))
    return note.id


async def edit(notes: Running, id: UUID, times: int = 1) -> None:
    async with notes.transaction() as tx:
        note = await tx.load(NOTES, id)
        await tx.save(NOTES, note, *[NoteEdited(text=str(n)) for n in range(times)], text="b")


async def emptied(notes: Running) -> None:
    async def empty() -> bool:
        async with notes.db.connection() as conn:
            return not await conn.fetchval("SELECT count(*) FROM outbox")

    await until(empty)


@asynccontextmanager
async def relays(notes: Running, bus: MemoryBus, count: int = 1) -> AsyncIterator[list["asyncio.Task[None]"]]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(relay(notes.db, bus, stop, service="note-svc", batch=20)) for _ in range(count)]
    try:
        yield tasks
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)


def in_order(bus: MemoryBus) -> dict[UUID, int]:
    """The last version of each subject. Fails unless the first appearances are 1, 2, 3 ...; what comes again is a duplicate."""
    last: dict[UUID, int] = {}
    for message in bus.all(TOPIC):
        subject, version = UUID(message.headers["ce_subject"]), int(message.headers["ce_sequence"])
        assert message.key == str(subject)
        assert version <= last.get(subject, 0) + 1, f"{subject}: {version} came after {last.get(subject, 0)}"
        last[subject] = max(version, last.get(subject, 0))
    return last


async def stored(notes: Running) -> dict[UUID, int]:
    async with notes.db.connection() as conn:
        return dict(await conn.fetch("SELECT subject, max(version) FROM event GROUP BY subject"))


async def test_what_is_written_gets_into_the_log_as_it_was_told(notes: Running) -> None:
    bus = MemoryBus()
    async with relays(notes, bus):
        id = await write(notes)
        await emptied(notes)
    [message] = bus.all(TOPIC)
    [told] = await notes.told()
    assert message.headers["ce_type"] == "clinch.note.written.v1"
    assert message.headers["ce_id"] == str(told.id)
    assert message.headers["ce_subject"] == message.key == str(id)
    assert NoteWritten.model_validate_json(message.value) == told.data


async def test_the_schema_of_what_is_told_is_where_the_system_serves_it(notes: Running) -> None:
    """Whether a batch goes at once or each event is looked at, as behind a letter."""
    bus, stop = MemoryBus(), asyncio.Event()
    running = asyncio.create_task(relay(notes.db, bus, stop, service="note-svc", public_url="https://clinch.example.com"))
    await write(notes)
    await emptied(notes)
    stop.set()
    await running
    assert [m.headers["ce_dataschema"] for m in bus.all(TOPIC)] == ["https://clinch.example.com/schemas/clinch.note.written.v1.json"]
    row = {"event_id": new_id(), "subject": new_id(), "version": 1, "time": STARTED, "odd_time": None, "data": b"{}", "traceparent": None}
    [parcel] = parcels([row | {"type": "clinch.note.written.v1", "aggregate": "note"}], "note-svc", "https://clinch.example.com")
    assert parcel.message is not None
    assert parcel.message.headers["ce_dataschema"] == "https://clinch.example.com/schemas/clinch.note.written.v1.json"


async def test_nothing_is_lost_or_out_of_order_while_relays_are_killed_and_cut_off(notes: Running, harmed: Database) -> None:
    dice = random.Random(7)
    bus = MemoryBus()

    async def stumble(messages: Sequence[Message]) -> Sequence[Message]:
        await asyncio.sleep(dice.random() * 0.02)
        if dice.random() < 0.2:
            for message in messages[: dice.randrange(len(messages) + 1)]:
                bus.append(message)
            raise BusUnavailable("broken off in the middle")
        return messages

    bus.before_publish = stumble
    ids = [await write(notes) for _ in range(12)]
    stop, cut = asyncio.Event(), list[object]()

    async def writer() -> None:
        edits = 0
        while edits < 30 or len(cut) < 3:
            edits += 1
            await edit(notes, dice.choice(ids), dice.randint(1, 3))
            if dice.random() < 0.2:
                ids.append(await write(notes))

    async def killed_again_and_again() -> None:
        while not stop.is_set():
            task = asyncio.create_task(relay(harmed, bus, stop, service="note-svc", batch=20))
            await asyncio.wait([task], timeout=dice.uniform(0.03, 0.2))
            task.cancel()
            await asyncio.wait([task])

    async def cut_off_again_and_again() -> None:
        while not stop.is_set():
            await asyncio.sleep(dice.uniform(0.02, 0.15))
            async with notes.db.connection() as conn:
                cut.extend(await conn.fetch(CUT_RELAYS))

    harm = [asyncio.create_task(f()) for f in (killed_again_and_again, killed_again_and_again, cut_off_again_and_again)]
    await asyncio.gather(*[writer() for _ in range(8)])
    await asyncio.sleep(0.3)
    stop.set()
    await asyncio.gather(*harm)
    bus.before_publish = None
    async with relays(notes, bus, 2):
        await emptied(notes)
    assert in_order(bus) == await stored(notes)
    assert {m.headers["ce_id"] for m in bus.all(TOPIC)} == {str(e.id) for e in await notes.told()}


async def test_an_event_that_commits_after_later_ones_is_not_passed_over(notes: Running) -> None:
    """Places in the outbox are given out before the commit, so a low one may appear last: even while the relay publishes."""
    bus = MemoryBus()
    held, placed, commit = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow_writer() -> None:
        async with notes.transaction() as tx:
            await tx.add(NOTES, Note(new_id(), 0, "slow", tx.now), NoteWritten(text="slow"))
            await tx.flush()
            placed.set()
            await commit.wait()
        held.set()

    async def commit_now(messages: Sequence[Message]) -> Sequence[Message]:
        commit.set()
        await held.wait()
        return messages

    bus.before_publish = commit_now
    slow = asyncio.create_task(slow_writer())
    await placed.wait()
    await write(notes)
    async with relays(notes, bus):
        await emptied(notes)
    await slow
    assert in_order(bus) == await stored(notes)
    assert len(bus.all(TOPIC)) == 2


def test_places_are_cleared_when_nobody_is_left_who_could_bring_one() -> None:
    cleared, places = Cleared(), []
    for own, oldest, first in (
        (10, 8, 101),  # 8 may have drawn a place before 101, and so may all that began until the next look
        (14, 8, 201),
        (15, 12, 301),
        (16, 14, 401),  # now all of them have ended
        (17, 15, None),
        (18, 18, 350),  # one of them has brought one
        (19, 19, None),
        (20, 20, 401),
        (21, 21, 401),
    ):
        cleared.begin(STARTED, own, oldest)
        cleared.end(first)
        places.append(cleared.place)
    assert places == [0, 0, 0, 100, 100, 349, 349, 349, 400]
    cleared.begin(STARTED + timedelta(hours=1), 22, 22)
    assert cleared.place == 0, "another server, which may have taken over without the last of this one's events"


async def test_no_place_is_drawn_before_the_event_is_there(notes: Running) -> None:
    """`Cleared` rests on it: who has a place has a number (xid)."""
    drawn, subject = "SELECT last_value FROM outbox_id_seq", new_id()
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    async def tell() -> None:
        async with notes.transaction() as tx:
            tx.tell(subject, 1, NoteWritten(text="also the first"))

    async with notes.transaction() as tx:
        tx.tell(subject, 1, NoteWritten(text="the first"))
        await tx.flush()
        before = await tx.value(drawn)
        second = asyncio.create_task(tell())
        async with notes.db.connection() as conn:

            async def waits() -> bool:
                return bool(await conn.fetchval(blocked))

            await until(waits)
            assert await conn.fetchval(drawn) == before
    with pytest.raises(asyncpg.UniqueViolationError):
        await second


async def test_while_somebody_reads_for_hours_looks_do_not_begin_at_the_beginning(notes: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    bus, begun = MemoryBus(), [0]

    class Watched(Cleared):
        def begin(self, server: datetime, own: int, oldest: int) -> None:
            super().begin(server, own, oldest)
            begun.append(self.place)

    monkeypatch.setattr(relaying, "Cleared", Watched)
    async with notes.db.connection() as conn, conn.transaction(isolation="repeatable_read"):
        await conn.fetchval("SELECT count(*) FROM outbox")
        async with relays(notes, bus):
            for _ in range(20):
                await edit(notes, await write(notes), 99)
            await emptied(notes)

            async def near_the_end() -> bool:
                await write(notes)
                return begun[-1] > 2000

            await until(near_the_end)
            await emptied(notes)
    assert begun == sorted(begun)
    assert in_order(bus) == await stored(notes)


async def test_an_event_whose_commit_takes_many_looks_is_not_passed_over(notes: Running) -> None:
    bus = MemoryBus()
    placed, commit = asyncio.Event(), asyncio.Event()

    async def slow_writer() -> None:
        async with notes.transaction() as tx:
            await tx.add(NOTES, Note(new_id(), 0, "slow", tx.now), NoteWritten(text="slow"))
            await tx.flush()
            placed.set()
            await commit.wait()

    slow = asyncio.create_task(slow_writer())
    await placed.wait()
    async with relays(notes, bus):
        for _ in range(10):
            await write(notes)
            await emptied(notes)
        commit.set()
        await slow
        await emptied(notes)
    assert in_order(bus) == await stored(notes)


async def test_only_one_of_several_publishes(notes: Running) -> None:
    bus = MemoryBus()

    async def slowly(messages: Sequence[Message]) -> Sequence[Message]:
        await asyncio.sleep(0.01)
        return messages

    bus.before_publish = slowly
    async with relays(notes, bus, 3):
        for _ in range(30):
            await write(notes)
        await emptied(notes)
    assert bus.most_publishing == 1
    assert len(bus.all(TOPIC)) == 30


async def test_a_silent_leader_is_replaced_and_its_late_publishing_only_repeats(notes: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "LEASE_SECONDS", 0.3)
    bus = MemoryBus()
    frozen, thaw = asyncio.Event(), asyncio.Event()

    async def freeze_the_first(messages: Sequence[Message]) -> Sequence[Message]:
        if not frozen.is_set():
            frozen.set()
            await thaw.wait()
        return messages

    bus.before_publish = freeze_the_first
    id = await write(notes)
    await edit(notes, id, 2)
    async with relays(notes, bus, 2):
        await frozen.wait()
        await edit(notes, id, 2)
        await emptied(notes)  # by the other one
        assert in_order(bus) == {id: 5}
        thaw.set()
        await edit(notes, id)
        await emptied(notes)

        async def repeated() -> bool:
            return len(bus.all(TOPIC)) == 9

        await until(repeated)
    assert [int(m.headers["ce_sequence"]) for m in bus.all(TOPIC)].count(1) == 2
    assert in_order(bus) == {id: 6}


async def test_a_leader_that_wakes_after_its_time_drops_the_batch(notes: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "PUBLISH_SECONDS", 0.2)
    bus = MemoryBus()
    attempts = 0

    async def hang_once(messages: Sequence[Message]) -> Sequence[Message]:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await asyncio.sleep(60)
        return messages

    bus.before_publish = hang_once
    await write(notes)
    async with relays(notes, bus):
        await emptied(notes)
    assert attempts == 2
    assert len(bus.all(TOPIC)) == 1


async def test_a_topic_that_is_missing_is_made(notes: Running) -> None:
    bus = MemoryBus()

    async def needs_topic(messages: Sequence[Message]) -> Sequence[Message]:
        if not any(topic == TOPIC for topic, _ in bus.logs):
            raise UnknownTopic(TOPIC)
        return messages

    bus.before_publish = needs_topic
    await write(notes)
    async with relays(notes, bus):
        await emptied(notes)
    assert len(bus.all(TOPIC)) == 1


async def test_the_sampler_tells_what_is_pending(notes: Running) -> None:
    for _ in range(3):
        await write(notes)
    stop = asyncio.Event()
    task = asyncio.create_task(sample(notes.db, stop, service="sampled-svc"))

    async def sampled() -> bool:
        return bool(PENDING.labels("sampled-svc")._value.get() == 3)

    await until(sampled)
    stop.set()
    await task
