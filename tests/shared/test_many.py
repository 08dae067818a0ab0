"""Many rows and events at once: they go another way to Postgres than single ones, and must come out the same."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pydantic_core import from_json

from clinch.dev.documents import published
from shared.db.outbox import MANY, Answer
from shared.errors import KeyInUse
from shared.events.envelope import ActorRef, Envelope, Stamp
from shared.ids import external_id, new_id
from tests.compatibility.samples import GOLDEN
from tests.harness import Running
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteWritten

FEW, BULK = 3, MANY + 20
_STAMPED = ("recorded_at", "actor", "correlation_id", "causation_id")
_SEEN = "SELECT id, text FROM note"
_EVENTS = """
SELECT o.id AS place, e.subject, e.version, e.type, e.time, e.recorded_at, e.actor_id, e.actor_role, e.correlation_id, e.causation_id,
       e.data
FROM outbox o JOIN event e ON e.id = o.event_id ORDER BY o.id
"""


def note(id: UUID, notes: Running, text: str = "a") -> Note:
    return Note(id, 0, text, notes.clock())


@pytest.mark.parametrize("count", [FEW, BULK])
@pytest.mark.parametrize("adding", ["add_many", "add_new"])
async def test_rows_and_events_are_stored_alike_however_many(notes: Running, count: int, adding: str) -> None:
    ids = [new_id() for _ in range(count)]
    told = [
        (note(id, notes, f"note {n}"), [(NoteWritten(text=f"note {n}"), notes.clock()), (NoteEdited(text="b"), notes.clock())])
        for n, id in enumerate(ids)
    ]
    async with notes.transaction() as tx:
        await getattr(tx, adding)(NOTES, told)
        actor = tx.actor
    async with notes.db.read() as reader:
        assert {r["id"]: r["text"] for r in await reader.rows(_SEEN)} == {id: f"note {n}" for n, id in enumerate(ids)}
        assert all(row.version == 2 for row in await reader.all(NOTES.get_many, ids=ids))
        events = await reader.rows(_EVENTS)
    assert [(e["subject"], e["version"]) for e in events] == [(id, version) for id in ids for version in (1, 2)]
    first, second = events[:2]
    assert (first["type"], second["type"]) == (NoteWritten.type, NoteEdited.type)
    assert first["time"] == first["recorded_at"] == notes.clock()
    assert (first["actor_id"], first["actor_role"], first["correlation_id"], first["causation_id"]) == (actor.id, "system", "test", None)
    data = from_json(first["data"])
    assert data["text"] == "note 0"
    assert (data["actor"]["id"], data["correlation_id"], data["causation_id"]) == (str(actor.id), "test", None)


async def test_many_events_name_their_cause(notes: Running) -> None:
    cause = Envelope(new_id(), NoteWritten.type, new_id(), 1, notes.clock(), NoteWritten(text="a", correlation_id="why"))
    async with notes.transaction() as tx:
        await tx.caused_by(cause)
        await tx.add_many(NOTES, [(note(new_id(), notes), [(NoteWritten(text="a"), tx.now)]) for _ in range(BULK)])
    async with notes.db.connection() as conn:
        events = await conn.fetch(_EVENTS)
    assert {(e["causation_id"], e["correlation_id"]) for e in events} == {(cause.id, "why")}


async def test_what_somebody_adds_at_the_same_moment_stays_and_the_others_are_added(notes: Running) -> None:
    """The one waits for the other at the id that both add, then leaves it as it is."""
    ids = [external_id("note", str(n)) for n in range(BULK)]
    other = notes.transaction()
    tx = await other.__aenter__()
    await tx.add_new(NOTES, [(note(ids[7], notes, "theirs"), [(NoteWritten(text="theirs"), tx.now)])])

    async def add() -> set[UUID]:
        async with notes.transaction() as mine:
            return await mine.add_new(NOTES, [(note(id, notes, "ours"), [(NoteWritten(text="ours"), mine.now)]) for id in ids])

    adding = asyncio.create_task(add())
    await _waiting(notes)
    await other.__aexit__(None, None, None)
    assert await adding == set(ids) - {ids[7]}
    async with notes.db.connection() as conn:
        found = {r["id"]: r["text"] for r in await conn.fetch(_SEEN)}
        events = await conn.fetch(_EVENTS)
    assert found == dict.fromkeys(ids, "ours") | {ids[7]: "theirs"}
    assert sorted(e["subject"] for e in events) == sorted(ids)


async def _waiting(notes: Running) -> None:
    async with notes.db.connection() as conn, asyncio.timeout(30):
        while not await conn.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 (the other side is a database)
            await asyncio.sleep(0.01)


async def test_many_events_with_an_answer_that_was_given_meanwhile_are_not_written(notes: Running) -> None:
    answer = Answer(b"key", b"body", 207, {}, b"[]")
    for fails in (False, True):
        try:
            async with notes.transaction() as tx:
                await tx.add_many(NOTES, [(note(new_id(), notes), [(NoteWritten(text="a"), tx.now)]) for _ in range(BULK)])
                tx.answer = answer
        except KeyInUse:
            assert fails
        else:
            assert not fails
    assert len(await notes.told(NoteWritten)) == BULK


def test_columns_that_no_row_fills_are_left_out_but_not_those_with_a_value_by_default() -> None:
    rows = [Note(new_id(), 0, "a", None), Note(new_id(), 0, "b", None)]  # type: ignore[arg-type]
    filled = NOTES.filled(NOTES.by_column(rows, [1, 2]))
    assert list(filled) == ["id", "version", "text"]
    assert (list(filled["version"]), list(filled["text"])) == ([1, 2], ["a", "b"])


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_a_stamp_replaces_the_fields_of_the_event_that_it_has(path: Path) -> None:
    event = published()[path.stem].model_validate(from_json(path.read_bytes())["data"])
    data = event.model_dump(mode="json")
    blank = event.model_copy(update=dict.fromkeys(_STAMPED))
    actor = ActorRef(type="person", id=new_id(), role="rep")
    stamp = Stamp(datetime(2026, 3, 2, 9, tzinfo=UTC), actor, "trace", new_id())
    written = from_json(stamp.put_on(blank))
    assert written == from_json(stamp.put_on(event))
    assert {n: v for n, v in written.items() if n not in _STAMPED} == {n: v for n, v in data.items() if n not in _STAMPED}
    assert written["recorded_at"] == "2026-03-02T09:00:00Z"
    assert written["actor"] == {"type": "person", "id": str(actor.id), "role": "rep"}
    assert written["correlation_id"] == "trace"
    assert UUID(written["causation_id"])


async def test_a_change_that_tells_nothing_is_written_though_no_statement_follows(notes: Running) -> None:
    async with notes.transaction() as tx:
        made = await tx.add(NOTES, note(new_id(), notes))
    async with notes.transaction() as tx:
        await tx.save(NOTES, await tx.load(NOTES, made.id), text="b")
    async with notes.db.read() as reader:
        assert (await reader.get(NOTES, made.id)).text == "b"
