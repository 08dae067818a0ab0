"""Consumers on a real Postgres: each event takes effect once and in order, whatever is killed, repeated or missing."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.db.database import Database
from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event
from shared.ids import new_id
from shared.log import dead_letters
from shared.log.bus import Delivered, open_bus
from shared.log.bus.partition import partition_of
from shared.log.consumer import STOPPED, Consumer
from shared.log.reactions import Reactions, on
from shared.log.relay import relay
from tests.harness import Running
from tests.shared.consumer.log import (
    NAME,
    TOPIC,
    Effects,
    Log,
    caught_up,
    consume_all,
    consuming_now,
    effects,
    letters,
    reader_of,
    subjects,
)
from tests.shared.memory_bus import PARTITIONS
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteWritten
from tests.shared.until import until


async def test_each_event_takes_effect_once_and_in_order_although_the_log_repeats_some(notes: Running, log: Log) -> None:
    all_of_them = subjects(20)
    for round_ in range(1, 6):
        for subject in all_of_them:
            log.say(subject)
            if round_ % 2:
                log.say(subject, version=round_)  # again
        if round_ == 3:
            for subject in all_of_them:
                log.say(subject, version=1)
                log.versions[subject] = 3
    await consume_all(notes, log, Effects())
    for subject in all_of_them:
        assert await effects(notes, subject) == [1, 2, 3, 4, 5]
    assert await letters(notes) == []


async def test_events_of_types_nobody_reads_count_as_seen_and_are_not_parsed(notes: Running, log: Log) -> None:
    @on(NoteWritten)
    async def note(tx: Tx, event: Envelope[NoteWritten]) -> None:
        await tx.execute("INSERT INTO effect (subject, version) VALUES ($1, $2)", event.subject, event.version)

    [subject] = subjects(1)
    log.say(subject)
    log.say(subject, NoteEdited(text="b"), value=b"not JSON, and nobody looks")
    log.say(subject, ce_type="clinch.note.unheard_of.v9")
    log.say(subject)
    handle = Reactions([note])
    topics = handle.topics
    assert topics == [TOPIC]
    await consume_all(notes, log, handle)
    assert await effects(notes, subject) == [1, 4]
    assert await letters(notes) == []


async def test_a_reaction_tells_events_with_the_one_it_heard_as_cause(notes: Running, log: Log) -> None:
    @on(NoteWritten)
    async def answer(tx: Tx, event: Envelope[NoteWritten]) -> None:
        await tx.add(NOTES, Note(new_id(), 0, event.data.text, tx.now), NoteEdited(text=event.data.text))

    [subject] = subjects(1)
    heard = [log.say(subject, NoteWritten(text=t, correlation_id=f"request-{t}"), traceparent=f"00-{t}") for t in "abc"]
    await consume_all(notes, log, Reactions([answer]))
    told = {t.data.text: t for t in await notes.told(NoteEdited)}  # type: ignore[attr-defined]
    for text, message in zip("abc", heard, strict=True):
        assert str(told[text].data.causation_id) == message.headers["ce_id"]
        assert told[text].data.correlation_id == f"request-{text}"
        assert told[text].traceparent == f"00-{text}"


async def test_an_outage_is_nobodys_fault(notes: Running, log: Log) -> None:
    [subject] = subjects(1)
    log.say(subject)
    times = 0

    async def away(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        nonlocal times
        times += 1
        if times < 5:
            raise (asyncpg.DeadlockDetectedError("deadlock"), ConnectionResetError("reset"))[times % 2]
        await Effects()(tx, events)

    await consume_all(notes, log, away)
    assert await letters(notes) == []
    assert await effects(notes, subject) == [1]


async def test_a_worker_that_was_cut_off_changes_nothing_and_goes_on_behind_the_other(notes: Running, log: Log) -> None:
    # All in one partition, and one that cannot be read: no version tells the zombie that it was dealt with.
    many = [s for s in subjects(60) if partition_of(str(s), PARTITIONS) == 0]
    for subject in many:
        log.say(subject)
    log.say(many[0], ce_subject=None, version=1)
    has_polled, may_go_on = asyncio.Event(), asyncio.Event()

    async def freeze(batch: list[Delivered]) -> None:
        log.bus.after_poll = None
        has_polled.set()
        await may_go_on.wait()

    log.bus.after_poll = freeze
    zombie_did: list[UUID] = []

    async def zombies(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        zombie_did.extend(e.subject for e in events)
        await Effects()(tx, events)

    async with consuming_now(reader_of(notes, log, zombies)):
        await has_polled.wait()
        await consume_all(notes, log, Effects())
        [letter] = await letters(notes)
        async with notes.transaction() as tx:
            await dead_letters.drop(tx, letter["id"], "noise")
        may_go_on.set()
        log.say(many[0])
        await caught_up(notes, log)
    assert zombie_did == [many[0]]
    assert await letters(notes) == []
    assert Counter(await effects(notes)) == Counter([*((s, 1) for s in many), (many[0], 2)])


async def test_nothing_is_lost_or_doubled_while_workers_are_killed_and_cut_off(notes: Running, harmed: Database, log: Log) -> None:
    dice = random.Random(11)
    many = subjects(40)
    handle = Effects()

    async def slowly(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        await handle(tx, events)
        await asyncio.sleep(dice.random() * 0.01)

    finished = asyncio.Event()

    async def killed_again_and_again() -> None:
        while not finished.is_set():
            reader = Consumer(NAME, harmed, log.bus, [TOPIC], slowly, service="note-svc")
            task = asyncio.create_task(reader.run(finished))
            await asyncio.wait([task], timeout=dice.uniform(0.02, 0.2))
            task.cancel()
            await asyncio.wait([task])

    async def cut_off_again_and_again() -> None:
        cut = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'INSERT INTO effect%'
        """
        while not finished.is_set():
            await asyncio.sleep(dice.uniform(0.02, 0.1))
            async with notes.db.connection() as conn:
                await conn.execute(cut)

    harm = [asyncio.create_task(f()) for f in (killed_again_and_again, killed_again_and_again, cut_off_again_and_again)]
    for _ in range(40):
        for subject in dice.sample(many, 25):
            log.say(subject)
            if dice.random() < 0.1:
                log.say(subject, version=log.versions[subject])
        await asyncio.sleep(0.02)
    finished.set()
    await asyncio.gather(*harm)
    await consume_all(notes, log, handle)
    for subject in many:
        assert await effects(notes, subject) == list(range(1, log.versions[subject] + 1))
    assert await letters(notes) == []


async def test_an_offset_outside_the_log_stops_the_consumer_and_nothing_is_skipped(notes: Running, log: Log) -> None:
    [subject] = subjects(1)
    log.say(subject)
    handle = Effects()
    await consume_all(notes, log, handle)
    place = (TOPIC, log.bus.all(TOPIC)[0].partition)
    log.say(subject)
    log.say(subject)
    log.bus.beginning[place] = 2
    consumer = reader_of(notes, log, handle)
    await asyncio.wait_for(consumer.run(asyncio.Event()), 60)
    assert consumer.stopped is not None
    assert (consumer.stopped.stored, consumer.stopped.beginning) == (1, 2)
    assert STOPPED.labels("note-svc", NAME)._value.get() == 1
    assert await effects(notes, subject) == [1]


async def test_from_a_write_through_relay_and_log_in_postgres_to_the_effect(notes: Running) -> None:
    bus = open_bus(notes.settings.bus_url)
    await bus.start()
    stop = asyncio.Event()
    try:
        await bus.ensure_topics([TOPIC])
        tasks = [
            asyncio.create_task(relay(notes.db, bus, stop, service="note-svc")),
            *[asyncio.create_task(Consumer(NAME, notes.db, bus, [TOPIC], Effects(), service="note-svc").run(stop)) for _ in range(2)],
        ]
        ids = []
        for _ in range(30):
            async with notes.transaction() as tx:
                ids.append((await tx.add(NOTES, Note(new_id(), 0, "a", tx.now), NoteWritten(text="a"))).id)
            async with notes.transaction() as tx:
                note = await tx.load(NOTES, ids[-1])
                await tx.save(NOTES, note, NoteEdited(text="b"), NoteEdited(text="c"), text="c")

        async def all_there() -> bool:
            return len(await effects(notes)) >= 90

        await until(all_there)
        for id in ids:
            assert await effects(notes, id) == [1, 2, 3]
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 60)
        await bus.stop()
