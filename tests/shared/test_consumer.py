"""Consumers on a real Postgres: each event takes effect once, in order, whatever is killed, repeated, missing or poisoned."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared import consumer as consuming
from shared import dead_letters
from shared.bus import Delivered, Message, open_bus
from shared.bus.partition import partition_of
from shared.consumer import STOPPED, Consumer, Handle, on, reactions
from shared.db import Database, Tx
from shared.dead_letters import Redriven
from shared.errors import Rejected
from shared.events.envelope import Envelope, Event, headers
from shared.ids import new_id
from shared.postgres import Postgres
from shared.relay import relay
from shared.testing import Running, running
from tests.shared.memory_bus import PARTITIONS, MemoryBus
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteWritten, service
from tests.shared.until import until

TOPIC = "clinch.note.events.v1"
NAME = "reader"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "RETRY_SECONDS", 0.001)


@pytest.fixture
async def notes(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres, pool_size=20) as started:
        async with started.db.read() as reader:
            await reader.conn.execute("CREATE TABLE effect (n bigint GENERATED ALWAYS AS IDENTITY, subject uuid, version bigint)")
        yield started


@pytest.fixture
async def harmed(notes: Running) -> AsyncIterator[Database]:
    """A pool of their own for those whose connections are cut, so that nobody else gets a broken one."""
    db = Database(notes.settings)
    await db.start()
    yield db
    await db.stop()


@dataclass
class Log:
    """A topic to which a test appends what it likes."""

    bus: MemoryBus = field(default_factory=MemoryBus)
    versions: Counter[UUID] = field(default_factory=Counter)

    def say(self, subject: UUID, event: Event | None = None, *, version: int | None = None, **changed: Any) -> Delivered:
        """`changed` replaces parts of the message: `value`, or headers by name, None to leave one out."""
        event = event or NoteWritten(text="a", recorded_at=AT)
        self.versions[subject] = version = version or self.versions[subject] + 1
        value = changed.pop("value", event.model_dump_json().encode())
        made: dict[str, Any] = headers(id=new_id(), type=event.type, subject=subject, version=version, time=AT, traceparent=None)
        kept = {name: text for name, text in {**made, **changed}.items() if text is not None}
        return self.bus.append(Message(TOPIC, str(subject), value, kept))


@pytest.fixture
async def log() -> Log:
    made = Log()
    await made.bus.ensure_topics([TOPIC])
    return made


class Effects:
    """A handle that notes each event in the transaction, and fails for the subjects and versions it is told to."""

    def __init__(self) -> None:
        self.poison: set[tuple[UUID, int]] = set()
        self.error: Exception = ValueError("cannot")

    async def __call__(self, tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        for event in events:
            if (event.subject, event.version) in self.poison:
                raise self.error
            await tx.conn.execute("INSERT INTO effect (subject, version) VALUES ($1, $2)", event.subject, event.version)


async def effects(notes: Running, subject: UUID | None = None) -> list[Any]:
    """What took effect, in order: (subject, version), or the versions of one subject."""
    async with notes.db.read() as reader:
        rows = await reader.conn.fetch("SELECT subject, version FROM effect ORDER BY n")
    return [tuple(r) if subject is None else r["version"] for r in rows if subject in (None, r["subject"])]


async def letters(notes: Running) -> list[Any]:
    async with notes.db.read() as reader:
        return list(await reader.conn.fetch('SELECT * FROM dead_letter WHERE settled_at IS NULL ORDER BY parked_at, partition, "offset"'))


def reader_of(notes: Running, log: Log, handle: Handle) -> Consumer:
    return Consumer(NAME, notes.db, log.bus, [TOPIC], handle, service="note-svc")


@asynccontextmanager
async def consuming_now(*consumers: Consumer) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(c.run(stop)) for c in consumers]
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 10)


async def caught_up(notes: Running, log: Log) -> None:
    """Wait until the stored offsets are at the end of the log."""
    ends = {place: end for place, end in (await log.bus.end_offsets([TOPIC])).items() if end}

    async def at_the_end() -> bool:
        async with notes.db.read() as reader:
            rows = await reader.conn.fetch("SELECT topic, partition, next FROM consumer_offset WHERE consumer = $1 AND next > 0", NAME)
        return {(r["topic"], r["partition"]): r["next"] for r in rows} == ends

    await until(at_the_end)


async def consume_all(notes: Running, log: Log, handle: Handle) -> None:
    async with consuming_now(reader_of(notes, log, handle)):
        await caught_up(notes, log)


async def redrive(notes: Running, id: UUID, handle: Handle) -> Redriven:
    return await dead_letters.redrive(notes.db, id, {NAME: handle}, service="note-svc", clock=notes.clock)


def subjects(count: int) -> list[UUID]:
    return [new_id() for _ in range(count)]


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
        await tx.conn.execute("INSERT INTO effect (subject, version) VALUES ($1, $2)", event.subject, event.version)

    [subject] = subjects(1)
    log.say(subject)
    log.say(subject, NoteEdited(text="b"), value=b"not JSON, and nobody looks")
    log.say(subject, ce_type="clinch.note.unheard_of.v9")
    log.say(subject)
    handle, topics = reactions([note])
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
    await consume_all(notes, log, reactions([answer])[0])
    told = {t.data.text: t for t in await notes.told(NoteEdited)}  # type: ignore[attr-defined]
    for text, message in zip("abc", heard, strict=True):
        assert str(told[text].data.causation_id) == message.headers["ce_id"]
        assert told[text].data.correlation_id == f"request-{text}"
        assert told[text].traceparent == f"00-{text}"


async def test_the_poisoned_events_alone_are_parked_and_those_behind_them_wait(notes: Running, log: Log) -> None:
    many = subjects(60)
    handle = Effects()
    for _ in range(3):
        for subject in many:
            log.say(subject)
    handle.poison = {(many[5], 1), (many[23], 2), (many[59], 3)}
    await consume_all(notes, log, handle)
    parked = [(UUID(r["subject"]), int(r["headers"]["ce_sequence"])) for r in await letters(notes)]
    assert sorted(parked) == sorted([(many[5], 1), (many[5], 2), (many[5], 3), (many[23], 2), (many[23], 3), (many[59], 3)])
    expected = Counter((s, v) for s in many for v in (1, 2, 3) if (s, v) not in parked)
    assert Counter(await effects(notes)) == expected
    tried = {(UUID(r["subject"]), int(r["headers"]["ce_sequence"])): (r["attempts"], r["error"]) for r in await letters(notes)}
    assert tried[many[5], 1] == (3, "ValueError: cannot")
    assert tried[many[5], 2] == (0, "waits behind an earlier event of the same subject")


async def test_a_gap_holds_its_subject_and_a_late_version_is_not_lost(notes: Running, log: Log) -> None:
    gone, reordered, fine = subjects(3)
    for subject, versions in ((gone, [1, 2, 4, 5]), (reordered, [1, 3, 2, 3]), (fine, [7, 8])):
        for version in versions:
            log.say(subject, version=version)
    handle = Effects()
    await consume_all(notes, log, handle)
    assert (await effects(notes, gone), await effects(notes, reordered), await effects(notes, fine)) == ([1, 2], [1], [7, 8])
    held = {(UUID(r["subject"]), r["headers"]["ce_sequence"][-1]): r for r in await letters(notes)}
    assert "version 4 came after 2" in held[gone, "4"]["error"]
    assert (await redrive(notes, held[gone, "4"]["id"], handle)).left == 0  # asking for it accepts the gap
    assert await effects(notes, gone) == [1, 2, 4, 5]
    first = next(r for r in await letters(notes) if r["headers"]["ce_sequence"][-1] == "2")
    done = await redrive(notes, first["id"], handle)
    assert (done.settled, done.left) == (3, 0)
    assert await effects(notes, reordered) == [1, 2, 3]
    log.say(gone, version=6)
    log.say(reordered, version=4)
    await consume_all(notes, log, handle)
    assert (await effects(notes, gone))[-1] == 6
    assert (await effects(notes, reordered))[-1] == 4


async def test_what_cannot_be_read_is_parked_at_once(notes: Running, log: Log) -> None:
    bad, nul, fine = subjects(3)
    log.say(bad, value=b"{")
    log.say(bad)
    log.say(nul, value=b"\xff\x00", ce_source="a\0b\ud800")
    for changed in ({"ce_subject": None}, {"ce_subject": "no uuid\0"}, {"ce_sequence": "1"}, {"ce_sequence": "9" * 19}, {"ce_type": None}):
        log.say(new_id(), **changed)
    log.say(new_id(), NoteWritten(text="x"), value=b'{"text": 5}')
    log.say(fine)
    await consume_all(notes, log, Effects())
    assert await effects(notes) == [(fine, 1)]
    parked = await letters(notes)
    assert len(parked) == 9
    assert {r["attempts"] for r in parked} == {0}
    assert {"unknown", "no uuid\N{REPLACEMENT CHARACTER}", str(bad)} <= {r["subject"] for r in parked}


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
            async with notes.db.read() as reader:
                await reader.conn.execute(cut)

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
    await asyncio.wait_for(consumer.run(asyncio.Event()), 5)
    assert consumer.stopped is not None
    assert (consumer.stopped.stored, consumer.stopped.beginning) == (1, 2)
    assert STOPPED.labels("note-svc", NAME)._value.get() == 1
    assert await effects(notes, subject) == [1]


async def test_redriving_and_dropping_keep_the_order(notes: Running, log: Log) -> None:
    [subject] = subjects(1)
    handle = Effects()
    handle.poison = {(subject, 1)}
    for _ in range(4):
        log.say(subject)
    await consume_all(notes, log, handle)
    ids = [r["id"] for r in await letters(notes)]
    with pytest.raises(Rejected, match="An earlier letter"):
        await redrive(notes, ids[1], handle)
    failed = await redrive(notes, ids[0], handle)
    assert (failed.settled, failed.left, failed.error) == (0, 4, "ValueError: cannot")
    assert (await letters(notes))[0]["attempts"] == 4
    async with notes.transaction() as tx:
        await dead_letters.drop(tx, ids[2], "not wanted")
    handle.poison = set()
    done = await redrive(notes, ids[0], handle)
    assert (done.settled, done.left, done.error) == (3, 0, None)
    assert await effects(notes, subject) == [1, 2, 4]
    log.say(subject)
    await consume_all(notes, log, handle)
    assert await effects(notes, subject) == [1, 2, 4, 5]
    with pytest.raises(Rejected, match="settled"):
        await redrive(notes, ids[0], handle)


async def test_a_redrive_beside_the_live_consumer_leaves_nothing_behind(notes: Running, log: Log) -> None:
    [subject] = subjects(1)
    handle = Effects()
    handle.poison = {(subject, 1)}
    log.say(subject)
    await consume_all(notes, log, handle)
    [letter] = await letters(notes)
    handle.poison = set()

    async def slowly(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        await handle(tx, events)
        await asyncio.sleep(0.05)

    async with consuming_now(reader_of(notes, log, handle)):
        redriving = asyncio.create_task(redrive(notes, letter["id"], slowly))
        for _ in range(20):
            log.say(subject)
            await asyncio.sleep(0.005)
        await redriving
        await caught_up(notes, log)
    assert await letters(notes) == []
    assert await effects(notes, subject) == list(range(1, 22))


async def test_an_event_parked_during_a_redrive_is_part_of_it(notes: Running, log: Log) -> None:
    """The consumer found the subject held and is about to park its next event, while the redrive settles the last letter."""
    subject, other = [s for s in subjects(60) if partition_of(str(s), PARTITIONS) == 0][:2]
    handle = Effects()
    handle.poison = {(subject, 1)}
    log.say(subject)
    await consume_all(notes, log, handle)
    [letter] = await letters(notes)
    handle.poison = set()
    sorted_out, may_commit = asyncio.Event(), asyncio.Event()

    async def slowly(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        sorted_out.set()
        await may_commit.wait()

    log.say(subject)
    log.say(other)
    async with consuming_now(reader_of(notes, log, slowly)):
        await sorted_out.wait()
        redriving = asyncio.create_task(redrive(notes, letter["id"], handle))
        await asyncio.wait([redriving], timeout=0.2)
        may_commit.set()
        assert (await redriving).settled == 2
    assert await letters(notes) == []
    assert await effects(notes, subject) == [1, 2]


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
        await asyncio.wait_for(asyncio.gather(*tasks), 10)
        await bus.stop()


async def test_operations_list_redrive_and_drop(notes: Running, log: Log) -> None:
    [subject] = subjects(1)
    handle = Effects()
    handle.poison = {(subject, 1)}
    log.say(subject)
    log.say(subject)
    await consume_all(notes, log, handle)
    base = "/v1/operations/note-svc/dead-letters"
    async with notes.client("rep") as rep, notes.client("ops") as ops:
        assert (await rep.get(base)).status_code == 403
        page = (await ops.get(base, params={"subject": str(subject), "limit": 1})).json()
        assert page["items"][0]["headers"]["ce_type"] == "clinch.note.written.v1"
        first = page["items"][0]["id"]
        rest = (await ops.get(base, params={"subject": str(subject), "limit": 1, "cursor": page["next_cursor"]})).json()
        second = rest["items"][0]["id"]
        assert rest["next_cursor"] is None
        # The notes service itself has no consumer of this name.
        refused = await ops.post(f"{base}/{first}/redrive")
        assert (refused.status_code, refused.json()["code"]) == (409, "no_consumer")
        assert (await ops.post(f"{base}/{new_id()}/redrive")).status_code == 404
        assert (await ops.post(f"{base}/{first}/drop", json={"reason": ""})).status_code == 422
        assert (await ops.post(f"{base}/{first}/drop", json={"reason": "tried in vain"})).status_code == 204
        assert (await ops.post(f"{base}/{first}/drop", json={"reason": "tried in vain"})).status_code == 409
        settled = (await ops.get(base, params={"state": "settled"})).json()["items"]
        assert [(s["id"], s["outcome"]) for s in settled] == [(first, "dropped: tried in vain")]
    done = await redrive(notes, UUID(second), handle)
    assert (done.settled, done.left) == (1, 0)
    assert await effects(notes, subject) == [2]
