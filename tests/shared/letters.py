"""Events of notes that cannot be published, and what their tests do with them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from shared.ids import new_id
from shared.log.bus import Message
from shared.log.relay import relay
from tests.harness import Running
from tests.shared.memory_bus import MemoryBus
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteWritten
from tests.shared.until import until

TOPIC = "clinch.note.events.v1"
BASE = "/v1/operations/note-svc/outbox-letters"
BEHIND = "waits behind an earlier event of the same subject"


@asynccontextmanager
async def relays(notes: Running, bus: MemoryBus, batch: int = 20) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(relay(notes.db, bus, stop, service="note-svc", batch=batch))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def write(notes: Running) -> UUID:
    async with notes.transaction() as tx:
        note = await tx.add(NOTES, Note(new_id(), 0, "a", tx.now), NoteWritten(text="a"))
    return note.id


async def edit(notes: Running, id: UUID, times: int = 1) -> None:
    async with notes.transaction() as tx:
        note = await tx.load(NOTES, id)
        await tx.save(NOTES, note, *[NoteEdited(text=str(n)) for n in range(times)], text="b")


async def sql(notes: Running, statement: str, *args: Any) -> list[Any]:
    async with notes.db.connection() as conn:
        found: list[Any] = await conn.fetch(statement, *args)
        return found


async def emptied(notes: Running) -> None:
    async def empty() -> bool:
        return not (await sql(notes, "SELECT count(*) FROM outbox"))[0][0]

    await until(empty)


async def letters(notes: Running) -> list[tuple[UUID, int, str]]:
    found = await sql(notes, "SELECT subject, version, error FROM outbox_letter WHERE settled_at IS NULL ORDER BY subject, version")
    return [tuple(row) for row in found]  # type: ignore[misc]


def versions(bus: MemoryBus, subject: UUID) -> list[int]:
    """In the order of their first appearance."""
    return list(dict.fromkeys(int(m.headers["ce_sequence"]) for m in bus.all(TOPIC) if m.key == str(subject)))


def refusing(error: Callable[[Sequence[Message]], Exception], when: Callable[[Message], bool]) -> Any:
    async def before(messages: Sequence[Message]) -> Sequence[Message]:
        if bad := [message for message in messages if when(message)]:
            raise error(bad)
        return messages

    return before


async def nothing_open(notes: Running) -> bool:
    return not await letters(notes)
