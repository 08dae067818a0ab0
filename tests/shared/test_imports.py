"""CSV imports: formats found out, rows read in pieces, jobs that survive a kill. The importer here takes notes."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import pytest
from pydantic import BaseModel, Field
from sqlalchemy import select
from structlog.testing import capture_logs

from clinch.run.postgres import Postgres
from shared.acts import who
from shared.auth import Role
from shared.db.query import Query
from shared.db.tx import Tx
from shared.fields import PERSONAL, personal
from shared.ids import external_id
from shared.imports import job as jobs
from shared.imports.api import imports_router
from shared.imports.dates import When
from shared.imports.importer import Importer
from shared.imports.kinds import DATE, kind_of
from shared.imports.outcome import Outcome, Problem
from shared.process.settings import Settings
from tests.client import codes
from tests.harness import Running, running
from tests.shared.notes_service import NOTE, NOTES, Note, NoteWritten, service


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


@pytest.fixture
async def notes(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(with_imports, postgres) as started:
        yield started


@pytest.fixture
async def client(notes: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with notes.client() as made:
        yield made


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


# -- jobs ------------------------------------------------------------------------------------------------------------------


async def test_an_import_counts_creates_flags_and_refuses(notes: Running, client: httpx.AsyncClient) -> None:
    raw = "key,words,day\n1,hello,2026-01-31\n2,SHOUT,\n3,no date,yesterday\n,no key,\n5,too,many,fields\n6," + "x" * 41 + ",\n"
    sent = await client.post(
        "/v1/imports/notes",
        params={"map": ["external_id=key", "text=words", "at=day"]},
        content=raw.encode(),
        headers={"content-type": "text/csv"},
    )
    assert sent.status_code == 202, sent.text
    job = await finished(notes, client, sent.json()["id"])
    assert (job["state"], job["rows"], job["created"], job["refused"], job["flagged"]) == ("done", 6, 2, 4, 1)
    assert job["bytes_done"] == job["bytes_total"] == len(raw)
    report = await client.get(f"/v1/imports/notes/{job['id']}/problems.csv")
    rows = {row["line"]: row for row in csv.DictReader(io.StringIO(report.text))}
    assert rows["3"]["kind"] == "flagged"
    assert rows["4"]["field"] == "at"
    assert rows["4"]["message"].startswith("not a date")
    assert rows["5"]["message"] == "is empty, but needed"
    assert rows["6"]["message"] == "the row has 4 fields, the header 3"
    assert rows["7"]["field"] == "text"
    [first, _] = await notes.told(NoteWritten)
    assert first.time == datetime(2026, 1, 31, tzinfo=UTC)


def test_a_row_keeps_the_marks_of_the_fields_that_it_inherits() -> None:
    assert personal(NoteRow) == {"text"}
    assert [name for name, field in NOTES_IMPORT.fields.items() if kind_of(field) is DATE] == ["at"]


async def test_the_acts_of_an_import_say_who_may_and_when(notes: Running, client: httpx.AsyncClient) -> None:
    sent = await client.post("/v1/imports/notes", content="external_id,text\n1,a\n")
    address = f"/v1/imports/notes/{sent.json()['id']}"
    async with notes.client("rep") as rep:
        answers = [await rep.get(address), await rep.post(f"{address}/cancel"), await rep.post("/v1/imports/notes", content="x")]
        assert [answer.status_code for answer in answers] == [403, 403, 403]
    early = await client.post(f"{address}/resume")
    assert (early.status_code, early.json()["code"], codes(early)) == (409, "wrong_state", {"wrong_state"})
    assert early.json()["unmet"][0]["message"].startswith("The import is queued")
    assert (await client.post(f"{address}/cancel")).json()["state"] == "cancelled"
    assert (await client.post(f"{address}/resume")).json()["state"] == "queued"


async def test_the_same_file_again_changes_nothing(notes: Running, client: httpx.AsyncClient) -> None:
    raw = "external_id,text\n" + "".join(f"{n},note {n}\n" for n in range(2500))
    first = await finished(notes, client, (await client.post("/v1/imports/notes", content=raw)).json()["id"])
    second = await finished(notes, client, (await client.post("/v1/imports/notes", content=raw)).json()["id"])
    assert (first["created"], second["created"], second["unchanged"]) == (2500, 0, 2500)
    assert len(await notes.told(NoteWritten)) == 2500


async def test_a_key_that_comes_twice_in_a_file_meets_itself(notes: Running, client: httpx.AsyncClient) -> None:
    raw = "external_id,text\n1,a\n1,a\n2,b\n"
    job = await finished(notes, client, (await client.post("/v1/imports/notes", content=raw)).json()["id"])
    assert (job["created"], job["unchanged"]) == (2, 1)


async def test_cancel_stops_and_resume_finishes_without_a_second_effect(
    notes: Running, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 10)
    raw = "external_id,text\n" + "".join(f"{n},note {n}\n" for n in range(300))
    id = (await client.post("/v1/imports/notes", content=raw)).json()["id"]

    async def some() -> bool:
        return bool((await client.get(f"/v1/imports/notes/{id}")).json()["rows"] >= 20)

    await work(notes, some)
    cancelled = await client.post(f"/v1/imports/notes/{id}/cancel")
    assert cancelled.status_code == 200, cancelled.text
    assert 20 <= cancelled.json()["rows"] < 300
    assert (await client.post(f"/v1/imports/notes/{id}/cancel")).status_code == 409
    assert (await client.post(f"/v1/imports/notes/{id}/resume")).json()["state"] == "queued"
    job = await finished(notes, client, id)
    assert (job["state"], job["created"], job["refused"]) == ("done", 300, 0)


async def test_workers_killed_at_random_lose_and_double_nothing(
    notes: Running, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 7)
    raw = "external_id,text\n" + "".join(f"{n},note {n}\n" for n in range(400))
    id = (await client.post("/v1/imports/notes", content=raw)).json()["id"]
    for _ in range(12):
        stop = asyncio.Event()
        killed = asyncio.create_task(jobs.run(NOTES_IMPORT, notes.db, notes.settings, notes.clock, stop))
        await asyncio.sleep(0.03)
        killed.cancel()
        with suppress(asyncio.CancelledError):
            await killed
    job = await finished(notes, client, id)
    assert (job["created"], job["unchanged"], job["refused"]) == (400, 0, 0)
    async with notes.db.read() as reader:
        assert len(await reader.all(Query(select(NOTE.c.id), object))) == 400


async def test_a_batch_that_cannot_be_taken_fails_the_job_there_and_resume_tries_again(notes: Running, client: httpx.AsyncClient) -> None:
    async def broken(*_: Any) -> Outcome:
        raise RuntimeError("a bug")

    id = (await client.post("/v1/imports/notes", content="external_id,text\n1,a\n")).json()["id"]
    job = await finished(notes, client, id, replace(NOTES_IMPORT, take=broken))
    assert job["state"] == "failed"
    assert "a bug" not in job["error"]
    await client.post(f"/v1/imports/notes/{id}/resume")
    assert (await finished(notes, client, id))["created"] == 1


async def test_a_database_that_cannot_be_asked_is_waited_for(notes: Running) -> None:
    """As when it is not migrated yet. No job failed, so none is ended, and nothing is tried hundreds of times a second."""
    async with notes.db.connection() as conn:
        await conn.execute("ALTER TABLE import_job RENAME TO import_job_later")
    stop = asyncio.Event()
    with capture_logs() as told:
        worker = asyncio.create_task(jobs.run(NOTES_IMPORT, notes.db, notes.settings, notes.clock, stop))
        async with asyncio.timeout(60):
            while not told:  # noqa: ASYNC110 (the other side is a task)
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        async with notes.db.connection() as conn:
            await conn.execute("ALTER TABLE import_job_later RENAME TO import_job")
        async with asyncio.timeout(60):
            while len(told) < 2:  # noqa: ASYNC110 (the other side is a task)
                await asyncio.sleep(0.01)
        stop.set()
        await worker
    assert [line["event"] for line in told] == ["task_held_up", "task_goes_on"]


async def test_the_same_key_is_the_same_import(client: httpx.AsyncClient) -> None:
    sent = [
        await client.post("/v1/imports/notes", content="external_id,text\n1,a\n", headers={"Idempotency-Key": "once"}) for _ in range(2)
    ]
    assert sent[0].json()["id"] == sent[1].json()["id"]


async def test_an_upload_that_was_cut_off_is_sent_again_under_its_key(notes: Running, client: httpx.AsyncClient) -> None:
    async def cut_off() -> AsyncIterator[bytes]:
        yield b"external_id,text\n1,a\n" + b"2,b\n" * 100_000
        raise ConnectionResetError

    key = {"Idempotency-Key": "cut"}
    with suppress(ConnectionResetError):
        await client.post("/v1/imports/notes", content=cut_off(), headers=key)
    assert [j["state"] for j in (await client.get("/v1/imports/notes")).json()["items"]] == ["uploading"]
    again = await client.post("/v1/imports/notes", content="external_id,text\n1,a\n", headers=key)
    assert again.status_code == 202
    assert [j["id"] for j in (await client.get("/v1/imports/notes")).json()["items"]] == [again.json()["id"]]
    assert (await finished(notes, client, again.json()["id"]))["created"] == 1


@pytest.mark.parametrize(
    ("params", "pointer", "says"),
    [
        ({"map": ["external_id=nope", "text=b"]}, "map", "its columns are a, b"),
        ({"map": ["other=a"]}, "map", "the fields are text, external_id, at"),
        ({"map": ["external_id=a"]}, "map", "No column fills text"),
        ({"map": ["external_id"]}, "map", "field=column"),
        ({"map": ["external_id=a", "text=b"], "set": ["at=someday"]}, "set", "not a date"),
        ({"map": ["external_id=a", "text=b"], "time_zone": "Mars/Base"}, "time_zone", "no such time zone"),
        ({"map": ["external_id=a", "text=b"], "delimiter": "x"}, "delimiter", ""),
        ({"map": ["external_id=a", "text=b"], "encoding": "klingon"}, "encoding", "windows-1252"),
        ({"map": ["external_id=a", "text=b"], "date_format": "%Q"}, "date_format", "strptime"),
        ({"map": ["external_id=a", "text=b"], "date_format": "%H:%M"}, "date_format", "year, month and day"),
        ({"map": ["external_id=a", "text=b"], "set": ["at=0001-01-01"]}, "set", "from 1970 to 2200"),
        ({"map": ["external_id=a", "text=b"], "set": ["at=01/02/2026"]}, "set", "day first or month first"),
    ],
)
async def test_a_wrong_option_is_refused_before_anything_is_stored(
    notes: Running, client: httpx.AsyncClient, params: dict[str, Any], pointer: str, says: str
) -> None:
    refused = await client.post("/v1/imports/notes", params=params, content="a,b\n1,2\n")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert says in refused.text
    assert (await client.get("/v1/imports/notes")).json()["items"] == []


async def test_only_the_roles_that_may_import(notes: Running) -> None:
    async with notes.client("rep") as rep:
        assert (await rep.post("/v1/imports/notes", content="external_id,text\n1,a\n")).status_code == 403


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
