"""A route that goes says so in each of its answers and in the OpenAPI document. The notes have one; the product has none today."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter

from clinch.run.postgres import Postgres
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, Reading
from shared.http.going import Going, going
from tests.harness import Running, running
from tests.shared.notes_service import NOTES, Note, NoteOut, service

router = APIRouter(prefix="/v1/notes", route_class=ClinchRoute)


@router.get("/{note_id}/words")
@going(since=date(2026, 12, 1), until=date(2027, 6, 1), instead="/v1/notes/{note_id}")
async def read_words(note_id: UUID, db: Reading, _: CurrentActor) -> NoteOut:
    """The words of a note."""
    note: Note = await db.get(NOTES, note_id)
    return NoteOut(id=note.id, version=note.version, text=note.text)


@pytest.fixture
async def notes(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(replace(service, routers=[*service.routers, router]), postgres) as started:
        yield started


def told(answer: httpx.Response) -> dict[str, str]:
    return {name: answer.headers[name] for name in ("deprecation", "sunset", "link") if name in answer.headers}


async def test_each_answer_of_a_route_that_goes_says_until_when_and_what_to_use(notes: Running) -> None:
    async with notes.client() as client:
        at = (await client.post("/v1/notes", json={"text": "a"})).headers["location"]
        expected = {
            "deprecation": "@1796083200",  # 2026-12-01, RFC 9745
            "sunset": "Tue, 01 Jun 2027 00:00:00 GMT",  # RFC 8594
            "link": f'<{at}>; rel="successor-version"',
        }
        read = await client.get(f"{at}/words")
        assert (read.status_code, read.json()["text"], told(read)) == (200, "a", expected)
        refused = await client.get(f"{at}/words?colour=red")
        assert (refused.status_code, told(refused)) == (422, expected)
        assert told(await client.head(f"{at}/words")) == expected
        assert told(await client.get(at)) == {}


async def test_the_document_marks_it_as_deprecated_and_says_what_takes_its_place(notes: Running) -> None:
    paths = notes.app.openapi()["paths"]
    words = paths["/v1/notes/{note_id}/words"]["get"]
    assert words["deprecated"] is True
    assert words["description"] == (
        "The words of a note.\n\nDeprecated since 2026-12-01; it may be gone from 2027-06-01 on. Use `/v1/notes/{note_id}` instead."
    )
    assert "deprecated" not in paths["/v1/notes/{note_id}"]["get"]


def test_a_route_goes_some_time_after_it_is_declared() -> None:
    with pytest.raises(ValueError, match="for some time"):
        Going(date(2026, 12, 1), date(2026, 12, 1), "/v1/notes")
