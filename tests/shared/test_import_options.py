"""Options of an import, and rows that cannot be stored."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from shared.db.tx import Tx
from shared.imports.outcome import Outcome
from shared.process.service import Service
from shared.process.settings import Settings
from tests.harness import Running
from tests.shared.note_imports import NOTES_IMPORT, NoteRow, finished, take_notes, with_imports, work
from tests.shared.notes_service import NoteWritten


@pytest.fixture
def served() -> Service:
    return with_imports


# -- rows that cannot be stored -------------------------------------------------------------------------------------------------


async def test_a_row_that_the_database_refuses_costs_that_row(notes: Running, client: httpx.AsyncClient) -> None:
    """The batch is halved down to it; the events of the others are told, once each and in order."""

    async def strict(tx: Tx, rows: Sequence[tuple[int, NoteRow]], settings: Settings) -> Outcome:
        outcome = await take_notes(tx, rows, settings)
        for _, row in rows:
            if row.text == "bad":
                await tx.execute("SELECT $1::text", "\0")
            if row.text == "large":
                await tx.execute("SELECT 100000::smallint")
        return outcome

    raw = "external_id,text\n" + "".join(f"{n},{'bad' if n in (7, 8, 40) else 'large' if n == 50 else 'fine'}\n" for n in range(1, 61))
    id = (await client.post("/v1/imports/notes", content=raw)).json()["id"]
    job = await finished(notes, client, id, replace(NOTES_IMPORT, take=strict))
    assert (job["state"], job["created"], job["refused"], job["rows"]) == ("done", 56, 4, 60)
    assert len(await notes.told(NoteWritten)) == 56
    problems = list(csv.DictReader(io.StringIO((await client.get(f"/v1/imports/notes/{id}/problems.csv")).text)))
    assert [(p["line"], p["code"]) for p in problems] == [
        ("8", "bad_character"),
        ("9", "bad_character"),
        ("41", "bad_character"),
        ("51", "out_of_range"),
    ]
    assert all("0x00" not in p["message"] for p in problems)


async def test_a_row_that_a_bug_stumbles_over_costs_that_row(notes: Running, client: httpx.AsyncClient) -> None:
    async def stumbling(tx: Tx, rows: Sequence[tuple[int, NoteRow]], settings: Settings) -> Outcome:
        if any(row.text == "stone" for _, row in rows):
            raise RuntimeError("secret")
        return await take_notes(tx, rows, settings)

    id = (await client.post("/v1/imports/notes", content="external_id,text\n1,a\n2,stone\n3,c\n")).json()["id"]
    job = await finished(notes, client, id, replace(NOTES_IMPORT, take=stumbling))
    assert (job["state"], job["created"], job["refused"]) == ("done", 2, 1)
    assert "secret" not in (await client.get(f"/v1/imports/notes/{id}/problems.csv")).text


# -- options --------------------------------------------------------------------------------------------------------------------


async def test_texts_of_the_file_stand_for_values_and_empty_cells_for_defaults(notes: Running, client: httpx.AsyncClient) -> None:
    raw = "external_id,text\n1,Closed  Won\n2,\n3,other\n"
    params = {"value": ["text:closed won=won"], "default": ["text=nothing"]}
    job = await finished(notes, client, (await client.post("/v1/imports/notes", params=params, content=raw)).json()["id"])
    assert (job["state"], job["created"]) == ("done", 3)
    assert [e.data.text for e in await notes.told(NoteWritten)] == ["won", "nothing", "other"]


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"set": ["at=9999999999999999999"]}, "set"), ({"set": ["at=0001-01-01"]}, "set"), ({"set": ["text=\0"]}, "query"),
        ({"default": ["at=yesterday"]}, "default"), ({"value": ["text:a"]}, "value"), ({"value": ["nothing:a=b"]}, "value"),
        ({"value": ["at:soon=later"]}, "value"), ({"set": ["text=" + "x" * 30_000]}, "query"),
    ],
)  # fmt: skip
async def test_an_option_that_no_row_could_have_is_refused_at_once(client: httpx.AsyncClient, params: Any, pointer: str) -> None:
    answer = await client.post("/v1/imports/notes", params=params, content="external_id,text\n1,a\n")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text


async def test_an_importer_that_cannot_correct_offers_no_such_option(notes: Running, client: httpx.AsyncClient) -> None:
    id = (await client.post("/v1/imports/notes", content="external_id,text\n1,a\n")).json()["id"]
    for address in ("/v1/imports/notes", f"/v1/imports/notes/{id}/resume"):
        answer = await client.post(address, params={"correct": "true"}, content="external_id,text\n1,a\n")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_parameter"), answer.text
    document = notes.app.openapi()["paths"]
    for path in ("/v1/imports/notes", "/v1/imports/notes/{import_id}/resume"):
        assert "correct" not in {p["name"] for p in document[path]["post"]["parameters"]}


async def test_an_import_takes_one_key(client: httpx.AsyncClient) -> None:
    for keys, code in ((["a", "b"], "several_keys"), ([""], "bad_key"), (["k" * 201], "bad_key")):
        headers = [("Idempotency-Key", key) for key in keys]
        answer = await client.post("/v1/imports/notes", content="external_id,text\n1,a\n", headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert (await client.get("/v1/imports/notes")).json()["items"] == []


async def test_resume_takes_other_options_and_reads_the_file_again(notes: Running, client: httpx.AsyncClient) -> None:
    raw = "external_id,text,at\n1,a,01/02/2026\n2,b,03/04/2026\n"
    id = (await client.post("/v1/imports/notes", content=raw)).json()["id"]

    async def refused() -> bool:
        return (await client.get(f"/v1/imports/notes/{id}")).json()["state"] == "refused"

    await work(notes, refused)
    wrong = await client.post(f"/v1/imports/notes/{id}/resume", params={"default": ["at=never"]})
    assert wrong.status_code == 422
    again = await client.post(f"/v1/imports/notes/{id}/resume", params={"date_format": "%d/%m/%Y"})
    assert (again.status_code, again.json()["state"]) == (200, "queued")
    job = await finished(notes, client, id)
    assert (job["state"], job["created"]) == ("done", 2)
    assert [e.time.month for e in await notes.told(NoteWritten)] == [2, 4]


async def test_a_key_stands_for_one_file_with_one_set_of_options(notes: Running, client: httpx.AsyncClient) -> None:
    async def send(raw: str, key: str = "one", **params: str) -> httpx.Response:
        return await client.post("/v1/imports/notes", params=params, content=raw, headers={"Idempotency-Key": key})

    first = await send("external_id,text\n1,a\n")
    assert (await send("external_id,text\n1,a\n")).json()["id"] == first.json()["id"]
    for other in (await send("external_id,text\n1,b\n"), await send("external_id,text\n1,a\n", set="text=c")):
        assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "key_reused")
    two = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert (await client.post("/v1/imports/notes", content="external_id,text\n1,a\n", headers=two)).status_code == 422
    assert len((await client.get("/v1/imports/notes")).json()["items"]) == 1


async def test_flags_are_counted_by_name(notes: Running, client: httpx.AsyncClient) -> None:
    job = await finished(notes, client, (await client.post("/v1/imports/notes", content="external_id,text\n1,A\n2,B\n3,c\n")).json()["id"])
    assert (job["flagged"], job["flags"]) == (2, {"shouting": 2})


async def test_a_header_of_any_length_is_refused_in_words(client: httpx.AsyncClient) -> None:
    for header in ('"' + "x" * 200_000 + '",text\n', "x" * 300_000 + ",text\n", 'external_id,"text\n' * 3):
        answer = await client.post("/v1/imports/notes", content=header + "1,a\n")
        assert answer.status_code in (202, 422), answer.text
        checked = await client.post("/v1/imports/notes", params={"dry_run": "true"}, content=header + "1,a\n")
        assert checked.status_code in (200, 422), checked.text
