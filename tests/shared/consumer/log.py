"""A log to which a test appends what it likes, handles that note what took effect, and consumers that run for a while."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event, headers
from shared.ids import new_id
from shared.log import dead_letters
from shared.log.bus import Delivered, Message
from shared.log.consumer import Consumer
from shared.log.dead_letters import Redriven
from shared.log.reactions import Handle
from shared.log.readers import Reader
from tests.harness import Running
from tests.shared.memory_bus import MemoryBus
from tests.shared.notes_service import NoteWritten
from tests.shared.until import until

TOPIC = "clinch.note.events.v1"
NAME = "reader"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


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


class Effects:
    """A handle that notes each event in the transaction, and fails for the subjects and versions it is told to."""

    def __init__(self) -> None:
        self.poison: set[tuple[UUID, int]] = set()
        self.error: Exception = ValueError("cannot")

    async def __call__(self, tx: Tx, events: Sequence[Envelope[Event]]) -> None:
        for event in events:
            if (event.subject, event.version) in self.poison:
                raise self.error
            await tx.execute("INSERT INTO effect (subject, version) VALUES ($1, $2)", event.subject, event.version)


async def effects(notes: Running, subject: UUID | None = None) -> list[Any]:
    """What took effect, in order: (subject, version), or the versions of one subject."""
    async with notes.db.connection() as conn:
        rows = await conn.fetch("SELECT subject, version FROM effect ORDER BY n")
    return [tuple(r) if subject is None else r["version"] for r in rows if subject in (None, r["subject"])]


async def letters(notes: Running) -> list[Any]:
    async with notes.db.connection() as conn:
        return list(await conn.fetch('SELECT * FROM dead_letter WHERE settled_at IS NULL ORDER BY parked_at, partition, "offset"'))


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
        await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def caught_up(notes: Running, log: Log) -> None:
    """Wait until the stored offsets are at the end of the log."""
    ends = {place: end for place, end in (await log.bus.end_offsets([TOPIC])).items() if end}

    async def at_the_end() -> bool:
        async with notes.db.connection() as conn:
            rows = await conn.fetch("SELECT topic, partition, next FROM consumer_offset WHERE consumer = $1 AND next > 0", NAME)
        return {(r["topic"], r["partition"]): r["next"] for r in rows} == ends

    await until(at_the_end)


async def consume_all(notes: Running, log: Log, handle: Handle) -> None:
    async with consuming_now(reader_of(notes, log, handle)):
        await caught_up(notes, log)


async def redrive(notes: Running, id: UUID, handle: Handle) -> Redriven:
    return await dead_letters.redrive(notes.db, id, {NAME: Reader(NAME, handle, [TOPIC])}, service="note-svc", clock=notes.clock)


def subjects(count: int) -> list[UUID]:
    return [new_id() for _ in range(count)]
