"""What one transaction holds: for a fold the news of all partitions, for reactions those of one; all of it or nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event
from shared.log import consumer as consuming
from shared.log.bus import BusUnavailable, Delivered
from shared.log.bus.partition import partition_of
from shared.log.reactions import Reactions, on
from tests.harness import Running
from tests.shared.consumer.log import Effects, Log, caught_up, consume_all, consuming_now, effects, letters, reader_of, subjects
from tests.shared.memory_bus import PARTITIONS, MemoryReader
from tests.shared.notes_service import NoteWritten
from tests.shared.until import until


def place(subject: UUID) -> int:
    return partition_of(str(subject), PARTITIONS)


def one_of_each() -> list[UUID]:
    """A subject in each partition."""
    by_place = {place(s): s for s in subjects(100)}
    return [by_place[n] for n in range(PARTITIONS)]


async def test_a_fold_takes_the_news_of_all_partitions_at_once_and_reactions_those_of_one(notes: Running, log: Log) -> None:
    together: list[set[int]] = []
    handle = Effects()

    async def fold(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        together.append({place(e.subject) for e in events})
        await handle(tx, events)

    at_once: list[Any] = []

    @on(NoteWritten)
    async def reaction(tx: Tx, event: Envelope[NoteWritten]) -> None:
        at_once.append((tx.context.correlation_id.split(":")[2], place(event.subject)))

    for subject in one_of_each():
        log.say(subject)
    await consume_all(notes, log, fold)
    assert together == [{0, 1, 2, 3}]
    async with notes.db.connection() as conn:
        await conn.execute("DELETE FROM consumer_seen; UPDATE consumer_offset SET next = 0")
    await consume_all(notes, log, Reactions([reaction]))
    assert [int(began_in) for began_in, _ in at_once] == [of for _, of in at_once] == [0, 1, 2, 3]


async def test_what_was_polled_before_the_log_failed_is_dealt_with(notes: Running, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    poll, polls = MemoryReader.poll, 0

    async def failing(self: MemoryReader, limit: int, timeout: float) -> list[Delivered]:
        nonlocal polls
        polls += 1
        if polls == 2:
            raise BusUnavailable("for a moment")
        return await poll(self, limit, timeout)

    monkeypatch.setattr(MemoryReader, "poll", failing)
    everybody = one_of_each()
    for subject in everybody:
        log.say(subject)
    await consume_all(notes, log, Effects())
    assert await effects(notes) == [(s, 1) for s in everybody]


async def test_a_batch_of_which_another_worker_took_a_part_leaves_no_trace(notes: Running, log: Log) -> None:
    everybody = one_of_each()
    for subject in everybody:
        log.say(subject)
    polled, may_go_on = asyncio.Event(), asyncio.Event()

    async def freeze(batch: list[Delivered]) -> None:
        if batch[0].partition == PARTITIONS - 1:
            log.bus.after_poll = None
            polled.set()
            await may_go_on.wait()

    log.bus.after_poll = freeze
    handle = Effects()
    async with consuming_now(reader_of(notes, log, handle)):
        await polled.wait()
        async with notes.transaction() as tx:  # as the other did: the second partition, and nothing else
            await tx.execute("UPDATE consumer_offset SET next = 1 WHERE partition = 1")
        may_go_on.set()
        await caught_up(notes, log)
    assert await effects(notes) == [(s, 1) for s in everybody if place(s) != 1]


async def test_poison_in_one_partition_holds_nobody_in_the_others(notes: Running, log: Log) -> None:
    many = subjects(40)
    for subject in many:
        log.say(subject)
        log.say(subject)
    handle = Effects()
    handle.poison = {(many[7], 1), (many[20], 2)}
    await consume_all(notes, log, handle)
    done = Counter((s, v) for s in many for v in (1, 2)) - Counter([(many[7], 1), (many[7], 2), (many[20], 2)])
    assert Counter(await effects(notes)) == done
    assert len(await letters(notes)) == 3


async def test_what_a_crash_of_the_database_took_back_is_read_again(notes: Running, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Postgres forgets the last commits of a fold that does not wait for the disk; the log brings nothing new that would show it."""
    monkeypatch.setattr(consuming, "OBSERVE_SECONDS", 0.05)
    everybody = one_of_each()
    for subject in everybody:
        log.say(subject)
    async with consuming_now(reader_of(notes, log, Effects())):
        await caught_up(notes, log)
        async with notes.transaction() as tx:
            await tx.execute("TRUNCATE effect; DELETE FROM consumer_seen; UPDATE consumer_offset SET next = 0 WHERE partition <> 1")

        async def again() -> bool:
            return len(await effects(notes)) == PARTITIONS - 1

        await until(again)
    assert {s for s, _ in await effects(notes)} == {s for s in everybody if place(s) != 1}
