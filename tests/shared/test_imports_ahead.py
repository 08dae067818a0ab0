"""The next rows are read while those before are written: that must show in nothing but the time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from clinch.run.postgres import Postgres
from shared.db.tx import Tx
from shared.imports import job as jobs
from shared.imports.outcome import Outcome
from shared.process.settings import Settings
from tests.harness import running
from tests.shared.note_imports import NOTES_IMPORT, NoteRow, finished, take_notes, with_imports, work
from tests.shared.notes_service import NoteWritten

ROWS = 120
FILE = "external_id,text\n" + "".join(f"{n},note {n}\n" for n in range(ROWS))


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 10)


async def started(client: httpx.AsyncClient) -> str:
    return str((await client.post("/v1/imports/notes", content=FILE)).json()["id"])


@pytest.mark.usefixtures("small_batches")
async def test_few_connections_are_enough(postgres: Postgres) -> None:
    async with running(with_imports, postgres, pool_size=2) as notes, notes.client() as client:
        job = await finished(notes, client, await started(client))
    assert (job["state"], job["created"], job["line"]) == ("done", ROWS, ROWS + 1)


@pytest.mark.usefixtures("small_batches")
async def test_two_workers_take_each_row_once(postgres: Postgres) -> None:
    async with running(with_imports, postgres) as notes, notes.client() as client:
        id, stop = await started(client), asyncio.Event()
        other = asyncio.create_task(jobs.run(NOTES_IMPORT, notes.db, notes.settings, notes.clock, stop))
        job = await finished(notes, client, id)
        stop.set()
        await other
        assert (job["created"], job["unchanged"], job["refused"]) == (ROWS, 0, 0)
        assert len(await notes.told(NoteWritten)) == ROWS


@pytest.mark.usefixtures("small_batches")
async def test_a_batch_that_is_tried_again_is_read_again(postgres: Postgres) -> None:
    """The one that was read ahead is not taken for it."""
    taken: list[int] = []

    async def fails_once(tx: Tx, rows: Sequence[tuple[int, NoteRow]], settings: Settings) -> Outcome:
        lines = [line for line, _ in rows]
        if lines[0] > 30 and 32 not in taken:
            taken.append(32)
            raise RuntimeError("a bug")
        return await take_notes(tx, rows, settings)

    async with running(with_imports, postgres) as notes, notes.client() as client:
        job = await finished(notes, client, await started(client), replace(NOTES_IMPORT, take=fails_once))
        assert (job["state"], job["created"], job["unchanged"], job["refused"]) == ("done", ROWS, 0, 0)
    assert taken == [32]


@pytest.mark.usefixtures("small_batches")
async def test_rows_ahead_are_dropped_when_the_job_is_cancelled(postgres: Postgres) -> None:
    async with running(with_imports, postgres) as notes, notes.client() as client:
        id = await started(client)

        async def cancelled() -> bool:
            if (await client.get(f"/v1/imports/notes/{id}")).json()["rows"] < 20:
                return False
            return (await client.post(f"/v1/imports/notes/{id}/cancel")).status_code == 200

        await work(notes, cancelled)
        before = (await client.get(f"/v1/imports/notes/{id}")).json()
        assert len(await notes.told(NoteWritten)) == before["created"] < ROWS
        await client.post(f"/v1/imports/notes/{id}/resume")
        job: dict[str, Any] = await finished(notes, client, id)
        assert (job["state"], job["created"], job["line"]) == ("done", ROWS, ROWS + 1)
