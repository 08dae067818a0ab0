"""What follows from an event, in the transaction that tells it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from clinch.run.postgres import Postgres
from shared.db.outbox import Told
from shared.db.tx import Tx
from shared.ids import new_id
from tests.harness import Running, running
from tests.shared.notes_service import NOTES, Note, NoteEdited, NoteWritten
from tests.shared.notes_service import service as notes_svc
from tests.statements import counted


async def _polish(tx: Tx, told: Sequence[Told]) -> None:
    """Notes that begin as drafts are made final."""
    wanted = [one.subject for one in told if getattr(one.event, "text", "") == "draft"]
    if wanted:
        notes = await tx.load_many(NOTES, wanted)
        await tx.save_many(NOTES, [(replace(note, text="final"), [(NoteEdited(text="final"), tx.now)]) for note in notes.values()])


@pytest.fixture
async def notes(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(replace(notes_svc, follows=[{NoteWritten: [_polish]}]), postgres) as started:
        yield started


async def _write(tx: Tx, text: str) -> Note:
    return await tx.add(NOTES, Note(new_id(), 0, text, tx.now), NoteWritten(text=text))


async def test_what_follows_may_change_the_record_and_latest_gives_it_then(notes: Running) -> None:
    async with notes.transaction() as tx:
        latest = await tx.latest(NOTES, await _write(tx, "draft"))
    assert (latest.text, latest.version) == ("final", 2)


async def test_where_nothing_follows_the_change_is_written_together_with_its_events(notes: Running) -> None:
    async with notes.transaction() as tx:
        with counted() as statements:
            written = await _write(tx, "note")
            before = len(statements)
            assert await tx.latest(NOTES, written) is written
            await tx.flush()
        assert len(statements) == before
