"""A reader that is given its past again from the log, beside the live one."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event
from shared.log.readers import Reader
from shared.log.replay import LIMIT, Progress, Refused, replay
from tests.harness import Running
from tests.shared.consumer.log import NAME, TOPIC, Effects, Log, consume_all, effects, subjects
from tests.shared.notes_service import NoteWritten

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXTRA = 30


class Corrected:
    """The reader as it is now: it notes what it handles, and publishes for some subjects."""

    def __init__(self, publishes: Sequence[UUID] = ()) -> None:
        self.publishes, self.fails = set(publishes), set[UUID]()
        self.done: Counter[tuple[UUID, int]] = Counter()

    async def __call__(self, tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        for event in events:
            if event.subject in self.fails:
                raise ValueError("cannot")
            await tx.execute("INSERT INTO effect (subject, version) VALUES ($1, $2)", event.subject, event.version + 100)
            if event.subject in self.publishes:
                tx.tell(event.subject, event.version + 100, NoteWritten(text="b", recorded_at=AT))


async def again(notes: Running, log: Log, handle: Corrected, *, publish: bool = False, instead: str = "") -> Progress:
    reader = Reader(NAME, handle, [TOPIC], instead=instead)
    return await replay(notes.db, log.bus, reader, service="note-svc", clock=notes.clock, publish=publish)


async def count(notes: Running, what: str) -> int:
    async with notes.db.connection() as conn:
        return int(await conn.fetchval(f"SELECT count(*) FROM {what}"))


async def past(notes: Running, handle: Effects | None = None) -> tuple[Log, list[UUID]]:
    log, known = Log(), subjects(8)
    for _ in range(3):
        for subject in known:
            log.say(subject)
    for subject in subjects(LIMIT + EXTRA):
        log.say(subject)
    await consume_all(notes, log, handle or Effects())
    return log, known


async def test_each_event_once_and_the_live_reader_stands_where_it_stood(notes: Running) -> None:
    log, known = await past(notes)
    before = await count(notes, f"consumer_seen WHERE consumer = '{NAME}'")
    done = await again(notes, log, Corrected())
    total = 24 + LIMIT + EXTRA
    assert done == Progress(passed=total, total=total, handled=total)
    assert await effects(notes, known[0]) == [1, 2, 3, 101, 102, 103]
    assert await count(notes, f"consumer_seen WHERE consumer = '{NAME}'") == before
    assert await count(notes, "consumer_offset WHERE consumer LIKE '%.replay'") == 0


async def test_what_it_publishes_is_undone_unless_asked_for(notes: Running) -> None:
    log, known = await past(notes)
    done = await again(notes, log, Corrected(publishes=known[:2]))
    assert (done.held_back, done.handled) == (6, done.total - 6)
    assert await effects(notes, known[0]) == [1, 2, 3]
    assert await effects(notes, known[2]) == [1, 2, 3, 101, 102, 103]
    assert await count(notes, "outbox") == 0
    done = await again(notes, log, Corrected(publishes=known[:2]), publish=True)
    assert done.held_back == 0
    assert await effects(notes, known[0]) == [1, 2, 3, 101, 102, 103]
    assert await count(notes, "outbox") == 6


async def test_cut_off_it_goes_on_where_it_was(notes: Running) -> None:
    log, _ = await past(notes)
    last = (await log.bus.end_offsets([TOPIC]))[TOPIC, 0]
    corrected = Corrected()
    async with notes.db.connection() as conn:
        [bad] = [r["subject"] for r in await conn.fetch("SELECT subject FROM effect ORDER BY n DESC LIMIT 1")]
    corrected.fails = {bad}
    with pytest.raises(ValueError, match="cannot"):
        await again(notes, log, corrected)
    passed = await count(notes, "effect WHERE version > 100")
    corrected.fails = set()
    done = await again(notes, log, corrected)
    assert last
    assert done.passed == done.total
    assert done.handled == done.total - passed
    assert await count(notes, "effect WHERE version > 100") == done.total
    assert await count(notes, "(SELECT DISTINCT subject, version FROM effect) AS once") == 2 * done.total


async def test_what_is_parked_is_left_to_the_one_who_decides(notes: Running) -> None:
    live = Effects()
    log, known = Log(), subjects(2)
    for subject in known:
        log.say(subject)
    live.poison = {(known[0], 1)}
    await consume_all(notes, log, live)
    done = await again(notes, log, Corrected())
    assert (done.handled, done.left) == (1, 1)
    assert await effects(notes, known[0]) == []


async def test_it_is_refused_in_a_sentence(notes: Running) -> None:
    log, _ = await past(notes)
    with pytest.raises(Refused, match="reader is not replayed: it would count twice"):
        await again(notes, log, Corrected(), instead="it would count twice.")

    async def cut(topics: Sequence[str]) -> dict[tuple[str, int], int]:
        return {(TOPIC, 0): 5}

    log.bus.beginning_offsets = cut  # type: ignore[method-assign]
    with pytest.raises(Refused, match="begins at 5: what was told before is gone from the log"):
        await again(notes, log, Corrected())
