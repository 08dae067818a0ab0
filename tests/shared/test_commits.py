"""What a request writes: its event by the same statement, before the answer, and no second effect. On real Postgres."""

import asyncio
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest

from shared.db.outbox import Answer, Change
from shared.db.query import at_version
from shared.errors import KeyInUse
from shared.ids import new_id
from shared.process.outage import is_outage
from tests.harness import Running
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteWritten


async def test_a_failed_commit_is_never_answered_as_done(notes: Running, client: httpx.AsyncClient) -> None:
    async with notes.db.connection() as conn:
        await conn.execute(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()"
        )
    failed = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "late"})
    assert failed.status_code == 500
    assert await notes.told() == []
    async with notes.db.connection() as conn:
        await conn.execute("DROP TRIGGER late ON note")
    again = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "late"})
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers


async def test_a_dry_run_asks_the_database_too(notes: Running, client: httpx.AsyncClient) -> None:
    async with notes.db.connection() as conn:
        await conn.execute("ALTER TABLE note ADD CHECK (text <> 'never')")
    assert (await client.post("/v1/notes?dry_run=true", json={"text": "never"})).status_code == 500
    assert (await client.post("/v1/notes?dry_run=true", json={"text": "else"})).status_code == 201


async def test_a_change_is_written_with_its_event_unless_something_is_read_before(notes: Running) -> None:
    sent: list[str] = []
    subject = new_id()
    async with notes.transaction() as tx:
        with tx._conn.query_logger(lambda query: sent.append(query.query)):
            note = await tx.add(NOTES, Note(subject, 0, "a", tx.now), NoteWritten(text="a"))
            note = await tx.save(NOTES, note, NoteEdited(text="b"), text="b")  # two changes of a row cannot be one statement
            await tx.flush()
            await asyncio.sleep(0)  # the logger is called then
    first, last = (s for s in sent if "INTO note" in s or "UPDATE note" in s)
    assert "INSERT INTO note" in first
    assert "UPDATE note" in last
    assert "INSERT INTO event" in last
    async with notes.transaction() as tx:
        note = await tx.save(NOTES, note, NoteEdited(text="c"), text="c")
        assert await tx.get(NOTES, subject) == note
    assert [(e.version, e.data.text) for e in await notes.told(subject=subject) if isinstance(e.data, NoteWritten | NoteEdited)] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ]


async def test_every_way_to_read_sees_what_was_changed_before(notes: Running) -> None:
    subject, text = new_id(), "SELECT text FROM note WHERE id = $1"
    async with notes.transaction() as tx:
        note = await tx.add(NOTES, Note(subject, 0, "a", tx.now), NoteWritten(text="a"))
        assert await tx.value(text, subject) == "a"
        note = await tx.save(NOTES, note, NoteEdited(text="b"), text="b")
        assert [row["text"] for row in await tx.rows(text, subject)] == ["b"]
        note = await tx.save(NOTES, note, NoteEdited(text="c"), text="c")
        found = await tx.row(text, subject)
        assert found is not None
        assert found["text"] == "c"
        await tx.save(NOTES, note, NoteEdited(text="d"), text="d")
        assert await tx.execute("DELETE FROM note WHERE id = $1 AND text = 'd'", subject) == "DELETE 1"


async def test_changes_wait_together_until_something_could_see_one_of_them(notes: Running) -> None:
    sent: list[str] = []
    one, other = (Note(new_id(), 0, text, notes.clock()) for text in "ab")
    async with notes.transaction() as tx:
        with tx._conn.query_logger(lambda query: sent.append(query.query)):
            await tx.add(NOTES, one, NoteWritten(text="a"))
            await tx.add(NOTES, other, NoteWritten(text="b"))
            await tx.insert("INSERT INTO lease (name) SELECT * FROM unnest($1::text[])", ["a", "b"], into="lease", ids=[one.id])
            assert await tx.value("SELECT count(*) FROM outbox") == 0
            await asyncio.sleep(0)  # the logger is called then
            assert len(sent) == 1
            assert await tx.value("SELECT count(*) FROM note WHERE text = $1", "b") == 1
            await tx.save(NOTES, at_version(other, 1), NoteEdited(text="c"), text="c")
            await tx.insert("INSERT INTO lease (name) VALUES ($1)", "c", into="lease", ids=[one.id])
            await tx.flush()
            await asyncio.sleep(0)
    _, both, _, *_, last = sent  # between them asyncpg may ask what types there are
    assert [both.count(f"INSERT INTO {table} ") for table in ("note", "lease", "event")] == [2, 1, 0]
    assert [last.count(part) for part in ("UPDATE note ", "INSERT INTO lease ", "INSERT INTO event ")] == [1, 1, 1]
    async with notes.db.read() as reader:
        assert [row["text"] for row in await reader.rows("SELECT text FROM note ORDER BY text")] == ["a", "c"]
        assert [row["name"] for row in await reader.rows("SELECT name FROM lease ORDER BY name")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "sql", ["SELECT text FROM note", "UPDATE other SET n = 1", "WITH gone AS (DELETE FROM x) SELECT 1", "\nselect 1", ""]
)
def test_a_change_shows_in_whatever_names_its_table_or_does_more_than_select(sql: str) -> None:
    change = Change("INSERT INTO note VALUES ($1)", (1,), "note", (new_id(),), adds=True)
    assert change.shows_in(sql)
    assert not change.shows_in("\n SELECT note_id FROM notes WHERE kind = $1")


async def test_a_change_that_postgres_refuses_names_its_row(notes: Running) -> None:
    async with notes.db.connection() as conn:
        await conn.execute("ALTER TABLE note ADD CHECK (text <> 'never')")
    note = Note(new_id(), 0, "never", notes.clock())

    async def write(and_read: bool) -> None:
        async with notes.transaction() as tx:
            await tx.add(NOTES, note, NoteWritten(text="never"))
            if and_read:
                await tx.value("SELECT 1")

    async def write_with_others() -> None:
        async with notes.transaction() as tx:
            await tx.insert("INSERT INTO lease (name) VALUES ('a')", into="lease", ids=[])
            await tx.add(NOTES, note, NoteWritten(text="never"))

    for attempt in (write(and_read=True), write(and_read=False), write_with_others()):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await attempt
        assert f"The change of note {note.id} was refused" in refused.value.__notes__[0]


async def test_a_saved_row_is_the_one_that_is_read_later(notes: Running) -> None:
    async with notes.transaction() as tx:
        note = await tx.add(NOTES, Note(new_id(), 0, "a", tx.now), NoteWritten(text="a"))
    for at in (notes.clock(), notes.clock().astimezone(ZoneInfo("Asia/Shanghai"))):
        async with notes.transaction() as tx:
            note = await tx.save(NOTES, note, NoteEdited(text="b"), updated_at=at)
        async with notes.db.read() as reader:
            read = await reader.get(NOTES, note.id)
        assert (read, read.updated_at.isoformat()) == (note, note.updated_at.isoformat())


async def test_one_statement_tells_one_event_or_several_with_or_without_a_key(notes: Running) -> None:
    for events in (1, 3):
        for key in (None, f"key-{events}".encode()):
            subject = new_id()
            async with notes.transaction() as tx:
                tx.tell(subject, 1, *[NoteWritten(text=f"t{n}") for n in range(events)])
                tx.answer = Answer(key, b"", 201, {"etag": '"1"'}, b"{}") if key else None
            told = await notes.told(subject=subject)
            assert [(e.version, e.data.text) for e in told if isinstance(e.data, NoteWritten)] == [(n + 1, f"t{n}") for n in range(events)]
    async with notes.db.connection() as conn:
        queued = await conn.fetch("SELECT e.subject, e.version FROM outbox o JOIN event e ON e.id = o.event_id ORDER BY o.id")
        kept = await conn.fetch("SELECT key, headers FROM idempotency ORDER BY key")
    assert [q["version"] for q in queued] == [1, 1, 1, 2, 3, 1, 2, 3]
    assert [(k["key"], k["headers"]) for k in kept] == [(b"key-1", {"etag": '"1"'}), (b"key-3", {"etag": '"1"'})]


async def test_a_key_that_got_its_answer_meanwhile_rolls_the_second_effect_back(notes: Running) -> None:
    answer = Answer(b"k", b"", 201, {}, b"first")
    async with notes.transaction() as tx:
        tx.answer = answer
    subject = new_id()

    async def second() -> None:
        async with notes.transaction() as tx:
            tx.tell(subject, 1, NoteWritten(text="second"))
            tx.answer = answer._replace(body=b"second")

    with pytest.raises(KeyInUse):
        await second()
    assert await notes.told(subject=subject) == []
    async with notes.db.connection() as conn:
        await conn.execute("UPDATE idempotency SET created_at = created_at - interval '25 hours'")
    await second()
    assert len(await notes.told(subject=subject)) == 1


@pytest.mark.parametrize(("operation", "away"), [(2, True), (12, False)])
async def test_a_dying_server_is_an_outage_and_a_shared_connection_is_a_mistake(operation: int, away: bool) -> None:
    """Seen by the fault tests when the postmaster is killed: the connection has read the server's last words."""
    error = asyncpg.InternalClientError(f"cannot switch to state 15; another operation ({operation}) is in progress")
    assert is_outage(error) is away
