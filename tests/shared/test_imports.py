"""CSV imports: formats found out, rows read in pieces, jobs that survive a kill. The importer here takes notes."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from shared.db.query import Query
from shared.fields import personal
from shared.imports import job as jobs
from shared.imports.kinds import DATE, kind_of
from shared.imports.outcome import Outcome
from shared.process.service import Service
from tests.client import codes
from tests.harness import Running
from tests.shared.note_imports import NOTES_IMPORT, NoteRow, finished, with_imports, work
from tests.shared.notes_service import NOTE, NoteWritten


@pytest.fixture
def served() -> Service:
    return with_imports


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
