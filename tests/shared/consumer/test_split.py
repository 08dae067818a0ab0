"""A reader that is split: its parts go on where it stood, each event takes effect once in each part."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event
from shared.log import dead_letters
from shared.log.consumer import Consumer
from shared.log.readers import WHOLE, Reader, checked
from shared.log.split import BARRED, settle
from tests.harness import Running
from tests.shared.consumer.log import TOPIC, Log, consuming_now, subjects
from tests.shared.until import until

OLD = "note-svc"
NAMES = ("left", "right")


class Part:
    """A handle that notes what took effect for it."""

    def __init__(self) -> None:
        self.done: Counter[tuple[UUID, int]] = Counter()
        self.poison: set[UUID] = set()

    async def __call__(self, tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        for event in events:
            if event.subject in self.poison:
                raise ValueError("cannot")
            await tx.execute("INSERT INTO effect (subject, version) VALUES ($1, $2)", event.subject, event.version)
        self.done.update((event.subject, event.version) for event in events)


def consumer(notes: Running, log: Log, reader: Reader) -> Consumer:
    return Consumer(reader.name, notes.db, log.bus, reader.topics, reader.handle, service="note-svc", former=reader.split_from)


def parts(*handles: Part) -> list[Reader]:
    return [Reader(name, handle, [TOPIC], (WHOLE,)).of(OLD) for name, handle in zip(NAMES, handles, strict=True)]


async def stands(notes: Running, name: str) -> list[int]:
    async with notes.db.connection() as conn:
        return [r["next"] for r in await conn.fetch("SELECT next FROM consumer_offset WHERE consumer = $1 ORDER BY partition", name)]


async def letters(notes: Running) -> list[Any]:
    async with notes.db.connection() as conn:
        return list(await conn.fetch("SELECT * FROM dead_letter WHERE settled_at IS NULL ORDER BY consumer, headers->>'ce_sequence'"))


async def catch_up(notes: Running, log: Log, *readers: Reader) -> None:
    total = sum((await log.bus.end_offsets([TOPIC])).values())

    async def all_there() -> bool:
        return all([sum(await stands(notes, reader.name)) == total for reader in readers])

    async with consuming_now(*[consumer(notes, log, reader) for reader in readers]):
        await until(all_there)


async def begun(notes: Running, log: Log, whole: Part) -> Reader:
    """The reader before the split, which has dealt with what the log holds."""
    old = Reader(OLD, whole, [TOPIC])
    await catch_up(notes, log, old)
    return old


async def test_the_parts_go_on_where_it_stood(notes: Running) -> None:
    log, whole, left, right = Log(), Part(), Part(), Part()
    known = subjects(6)
    for subject in known:
        log.say(subject)
    await begun(notes, log, whole)
    await settle(notes.db, parts(left, right))
    for subject in [*known, *subjects(2)]:
        log.say(subject)
    await catch_up(notes, log, *parts(left, right))
    assert set(whole.done.values()) == {1}
    assert len(whole.done) == 6
    for part in (left, right):
        assert set(part.done.values()) == {1}
        assert len(part.done) == 8
        assert not part.done.keys() & whole.done.keys()


async def test_what_it_had_seen_is_seen_when_the_log_repeats_it(notes: Running) -> None:
    log, whole, left, right = Log(), Part(), Part(), Part()
    [subject] = subjects(1)
    log.say(subject)
    await begun(notes, log, whole)
    await settle(notes.db, parts(left, right))
    log.say(subject, version=1)  # the relay was cut off before it knew that this is in the log
    log.say(subject, version=2)
    await catch_up(notes, log, *parts(left, right))
    assert [*left.done] == [*right.done] == [(subject, 2)]


async def test_cut_off_in_the_middle_nothing_is_given(notes: Running) -> None:
    log, whole, left, right = Log(), Part(), Part(), Part()
    for subject in subjects(4):
        log.say(subject)
    await begun(notes, log, whole)
    before = await stands(notes, OLD)
    async with notes.db.connection() as conn:
        await conn.execute("ALTER TABLE consumer_offset ADD CONSTRAINT cut CHECK (next < 9223372036854775807) NOT VALID")
        with pytest.raises(Exception, match="cut"):
            await settle(notes.db, parts(left, right))
        await conn.execute("ALTER TABLE consumer_offset DROP CONSTRAINT cut")
    assert await stands(notes, OLD) == before
    assert await stands(notes, "left") == []
    await asyncio.gather(*[settle(notes.db, parts(left, right)) for _ in range(3)])  # each process of the new release does so
    assert await stands(notes, "left") == await stands(notes, "right") == before
    await catch_up(notes, log, *parts(left, right))
    assert not left.done
    assert not right.done


async def test_a_worker_of_the_release_before_handles_nothing_more(notes: Running) -> None:
    log, whole, left, right = Log(), Part(), Part(), Part()
    known = subjects(4)
    for subject in known:
        log.say(subject)
    old = await begun(notes, log, whole)
    running = consumer(notes, log, old)
    async with consuming_now(running):
        await until(lambda: _read(notes, OLD))
        await settle(notes.db, parts(left, right))
        for subject in known:
            log.say(subject)
        await catch_up(notes, log, *parts(left, right))
    again = consumer(notes, log, old)
    async with consuming_now(again):
        await until(lambda: _stopped(again))
    assert len(whole.done) == len(left.done) == len(right.done) == 4
    assert set(await stands(notes, OLD)) == {BARRED}


async def _read(notes: Running, name: str) -> bool:
    return bool(await stands(notes, name))


async def _stopped(one: Consumer) -> bool:
    return one.stopped is not None


async def test_each_part_gets_the_dead_letters_and_what_waits_behind_them(notes: Running) -> None:
    log, whole, left, right = Log(), Part(), Part(), Part()
    bad, good = subjects(2)
    whole.poison = {bad}
    for subject in (bad, bad, good):
        log.say(subject)
    await begun(notes, log, whole)
    both = parts(left, right)
    await settle(notes.db, both)
    assert [(letter["consumer"], letter["error"][:10]) for letter in await letters(notes)] == [
        ("left", "ValueError"),
        ("left", "waits behi"),
        ("right", "ValueError"),
        ("right", "waits behi"),
    ]
    async with notes.db.connection() as conn:
        outcomes = await conn.fetch("SELECT DISTINCT outcome FROM dead_letter WHERE consumer = $1", OLD)
    assert [row["outcome"] for row in outcomes] == ["given to left, right"]
    log.say(bad)
    await catch_up(notes, log, *both)
    first = (await letters(notes))[0]
    done = await dead_letters.redrive(
        notes.db, first["id"], {reader.name: reader for reader in both}, service="note-svc", clock=notes.clock
    )
    assert (done.settled, done.left) == (3, 0)
    assert [*left.done] == [(bad, 1), (bad, 2), (bad, 3)]
    assert not right.done
    assert [letter["consumer"] for letter in await letters(notes)] == ["right"] * 3


async def test_a_reader_that_another_one_made_needless_ends(notes: Running) -> None:
    log, whole = Log(), Part()
    log.say(subjects(1)[0])
    await begun(notes, log, whole)
    await settle(notes.db, [Reader("anew", Part(), [TOPIC], ends=(OLD,))])
    assert set(await stands(notes, OLD)) == {BARRED}
    assert await stands(notes, "anew") == []


def test_a_name_that_was_split_is_over() -> None:
    reader = Reader("left", Part(), [TOPIC], ("right",))
    with pytest.raises(TypeError, match="goes on from right, which is listed still"):
        checked([reader, Reader("right", Part(), [TOPIC])])
    with pytest.raises(TypeError, match="two readers are named left"):
        checked([reader, reader])
