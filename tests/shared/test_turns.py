"""Turns: one after the other, without waiting for each other's disk; nobody is told of what the disk does not have. On real Postgres."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import httpx
import pytest

from shared.db import database
from shared.db.tx import Tx
from shared.ids import new_id
from shared.log.bus import Message
from shared.log.relay import relay
from tests.harness import Running
from tests.shared.memory_bus import MemoryBus
from tests.shared.notes_service import NOTES, Note, NoteWritten
from tests.shared.until import until

DISK = 20260301
"""Whoever holds the lock of this number keeps commits from the disk, in these tests."""
COUNT = "SELECT count(*) FROM note"


@pytest.fixture(autouse=True)
def _early(notes: Running) -> None:
    notes.db.early = True


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_WRITE_ALL", f"SELECT pg_advisory_xact_lock({DISK})")


async def in_turn(notes: Running, seen: list[int]) -> None:
    async with notes.transaction() as tx:
        await tx.take_turn("notes")
        seen.append(await tx.value(COUNT))
        await tx.add(NOTES, Note(new_id(), 0, "a", tx.now), NoteWritten(text="a"))


async def test_the_next_one_goes_on_before_the_disk_has_the_last_and_nobody_is_answered_before(notes: Running, slow_disk: None) -> None:
    seen: list[int] = []
    async with notes.db.connection() as disk:
        async with disk.transaction():
            await disk.execute(f"SELECT pg_advisory_xact_lock({DISK})")
            tasks = [asyncio.create_task(in_turn(notes, seen)) for _ in range(3)]
            await until(lambda: has(notes, 3))
            assert not any(task.done() for task in tasks)
            assert seen == [0, 1, 2]
        await asyncio.gather(*tasks)


async def has(notes: Running, rows: int) -> bool:
    async with notes.db.read() as reader:
        return bool(await reader.value(COUNT) == rows)


async def test_only_one_is_at_it_until_it_ends(notes: Running) -> None:
    seen: list[int] = []
    async with notes.transaction() as tx:
        await tx.take_turn("notes")
        await tx.take_turn("notes")  # its own already
        await tx.add(NOTES, Note(new_id(), 0, "a", tx.now), NoteWritten(text="a"))
        waiting = asyncio.create_task(in_turn(notes, seen))
        await asyncio.wait([waiting], timeout=0.05)
        assert seen == []
    await waiting
    assert seen == [1]


async def test_a_turn_that_was_taken_by_what_failed_is_taken_again(notes: Running) -> None:
    """Postgres gives it back with the savepoint; who goes on must not think that it still has it."""
    seen: list[int] = []
    async with notes.transaction() as tx:
        await tx.take_turn("other")
        with pytest.raises(ValueError, match="no"):
            await take_and_fail(tx)
        assert tx.turns == {"other"}
        await tx.take_turn("notes")
        waiting = asyncio.create_task(in_turn(notes, seen))
        await asyncio.wait([waiting], timeout=0.05)
        assert seen == []
    await waiting
    assert seen == [0]


async def take_and_fail(tx: Tx) -> None:
    async with tx.savepoint():
        await tx.take_turn("notes")
        raise ValueError("no")


@pytest.mark.parametrize("early", [True, False])
async def test_a_commit_waits_for_the_disk_unless_a_turn_was_taken_and_then_the_whole_does(notes: Running, early: bool) -> None:
    notes.db.early, sent = early, list[str]()
    async with notes.transaction() as tx:
        await tx.execute("SET LOCAL synchronous_commit = on")
        assert await tx.value("SHOW synchronous_commit") == "on"
        await tx.take_turn("notes")
        assert await tx.value("SHOW synchronous_commit") == ("off" if early else "on")
        await tx.add(NOTES, Note(new_id(), 0, "a", tx.now), NoteWritten(text="a"))
        tx._conn._con.add_query_logger(lambda query: sent.append(query.query))
    await asyncio.sleep(0)  # the logger is called then
    assert sent[-2:] == ["COMMIT;", database._WRITE_ALL] if early else sent[-1] == "COMMIT;"


async def test_what_waits_for_the_disk_has_been_written_to_it(notes: Running) -> None:
    async with notes.db.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
        await conn.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
    async with asyncpg.create_pool(notes.settings.database_url, min_size=1, max_size=1) as pool, pool.acquire() as conn:
        async with conn.transaction():
            await conn.execute("SET LOCAL synchronous_commit = off")
            await conn.execute("INSERT INTO note (id, version, text, updated_at) VALUES (gen_random_uuid(), 1, 'a', now())")
            at = await conn.fetchval("SELECT pg_current_wal_insert_lsn()")
        await conn.execute(database._WRITE_ALL)
        assert await conn.fetchval("SELECT pg_current_wal_flush_lsn() > $1::pg_lsn", at)


async def test_no_event_leaves_before_the_disk_has_it(notes: Running, slow_disk: None) -> None:
    bus, stop, tried = MemoryBus(), asyncio.Event(), asyncio.Event()
    on_disk = notes.db.on_disk

    async def waiting() -> None:
        tried.set()
        await on_disk()

    notes.db.on_disk = waiting  # type: ignore[method-assign]
    async with notes.db.connection() as disk:
        async with disk.transaction():
            await disk.execute(f"SELECT pg_advisory_xact_lock({DISK})")
            async with notes.transaction() as tx:
                await tx.add(NOTES, Note(new_id(), 0, "a", tx.now), NoteWritten(text="a"))
            publishing = asyncio.create_task(relay(notes.db, bus, stop, service="note-svc"))
            await tried.wait()
            assert published(bus) == []
        await until(lambda: _left(bus))
    stop.set()
    await publishing


async def _left(bus: MemoryBus) -> bool:
    return len(published(bus)) == 1


def published(bus: MemoryBus) -> Sequence[Message | Any]:
    return list(bus.all("clinch.note.events.v1"))


async def test_a_repeated_request_is_not_answered_before_the_disk_has_the_first(
    notes: Running, client: httpx.AsyncClient, slow_disk: None
) -> None:
    body, key = {"text": "a"}, {"Idempotency-Key": "k"}
    first = await client.post("/v1/notes", json=body, headers=key)
    async with notes.db.connection() as disk:
        async with disk.transaction():
            await disk.execute(f"SELECT pg_advisory_xact_lock({DISK})")
            again = asyncio.create_task(client.post("/v1/notes", json=body, headers=key))
            await asyncio.wait([again], timeout=0.2)
            assert not again.done()
        assert (await again).json() == first.json()
