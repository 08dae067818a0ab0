"""An import of notes, and what its tests do with it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, Field

from shared.acts import who
from shared.auth import Role
from shared.db.tx import Tx
from shared.fields import PERSONAL
from shared.ids import external_id
from shared.imports import job as jobs
from shared.imports.api import imports_router
from shared.imports.dates import When
from shared.imports.importer import Importer
from shared.imports.outcome import Outcome, Problem
from shared.process.settings import Settings
from tests.harness import Running
from tests.shared.notes_service import NOTES, Note, NoteWritten, service


class NoteFields(BaseModel):
    """What people say of a note: its row in a file inherits it, marks and all."""

    text: Annotated[str, Field(max_length=40), PERSONAL]


class NoteRow(NoteFields):
    external_id: str = Field(min_length=1, max_length=50)
    at: When | None = None


async def take_notes(tx: Tx, rows: Sequence[tuple[int, NoteRow]], _: Settings) -> Outcome:
    ids = {external_id("note", row.external_id): (line, row) for line, row in rows}
    known = await tx.load_many(NOTES, list(ids))
    new = [
        (Note(id, 0, row.text, tx.now), [(NoteWritten(text=row.text), row.at or tx.now)]) for id, (_, row) in ids.items() if id not in known
    ]
    await tx.add_many(NOTES, new)
    odd = [Problem(line, "text", "shouting", "is all upper case", "flagged") for line, row in rows if row.text.isupper()]
    return Outcome(created=len(new), unchanged=len(known), problems=odd)


NOTES_IMPORT = Importer("notes", NoteRow, take_notes, who(Role.admin))
with_imports = replace(service, routers=[*service.routers, imports_router(NOTES_IMPORT)], streamed=("/v1/imports/",))


async def work(notes: Running, until: Any, importer: Importer = NOTES_IMPORT) -> None:
    """Run the worker's part until a condition holds."""
    stop = asyncio.Event()
    task = asyncio.create_task(jobs.run(importer, notes.db, notes.settings, notes.clock, stop))
    async with asyncio.timeout(60):
        while not await until():  # noqa: ASYNC110 (the other side is a database)
            await asyncio.sleep(0.01)
    stop.set()
    await task


async def finished(notes: Running, client: httpx.AsyncClient, id: str, importer: Importer = NOTES_IMPORT) -> dict[str, Any]:
    async def ended() -> bool:
        return (await client.get(f"/v1/imports/notes/{id}")).json()["state"] in ("done", "refused", "failed")

    await work(notes, ended, importer)
    found: dict[str, Any] = (await client.get(f"/v1/imports/notes/{id}")).json()
    return found
