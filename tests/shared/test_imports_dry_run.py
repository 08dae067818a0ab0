"""Dry runs of imports: what a file would do, without leaving anything behind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.requests import ClientDisconnect

from shared.imports import job as jobs
from shared.imports import upload as uploads
from shared.imports.prepared import prepared_id
from shared.process.service import Service
from tests.harness import Running
from tests.shared.note_imports import with_imports


@pytest.fixture
def served() -> Service:
    return with_imports


async def test_a_dry_run_shows_what_would_be_and_stores_nothing(notes: Running, client: httpx.AsyncClient) -> None:
    raw = "key,words,day,more\n" + "".join(
        f"{n},{'SHOUT' if n % 100 == 0 else 'words'},{'2026-01-31' if n % 2 else 'x'},\n" for n in range(1, 1001)
    )
    params = {
        "map": ["external_id=key", "text=words", "at=day"],
        "dry_run": "true",
        "value": ["text:words=said"],
        "date_format": "%Y-%m-%d",
    }
    answer = await client.post("/v1/imports/notes", params=params, content=raw)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["rows"], found["created"], found["refused"], found["flagged"], found["repeated"]) == (1000, 500, 500, 0, 0)
    assert [(p["field"], p["kind"], p["count"], len(p["first"])) for p in found["problems"]] == [("at", "refused", 500, 20)]
    assert found["problems"][0]["first"][0]["line"] == 3
    assert (len(found["sample"]), found["sample"][0]) == (
        10,
        {"line": 2, "values": {"external_id": "1", "text": "said", "at": "2026-01-31T00:00:00Z"}},
    )
    assert found["unused_columns"] == ["more"]
    assert {f["field"]: f["column"] for f in found["fields"]} == {"external_id": "key", "text": "words", "at": "day"}
    assert (await client.get("/v1/imports/notes")).json()["items"] == []
    await _nothing_is_left(notes)


async def _nothing_is_left(notes: Running) -> None:
    async with notes.db.connection() as conn:
        for table in ("import_job", "import_chunk", "import_problem", "note", "event", "outbox"):
            assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 0, table


async def test_a_dry_run_of_many_rows_finds_all_problems_while_others_are_answered(notes: Running, client: httpx.AsyncClient) -> None:
    rows = "".join(f"{n},{'words' if n % 7 else 'x' * 41},2026-01-31\n" for n in range(1, 20_001))
    checking = asyncio.create_task(
        client.post("/v1/imports/notes", params={"dry_run": "true"}, content="external_id,text,at\n" + rows + "1,again,\n")
    )
    others = 0
    while not checking.done():
        assert (await client.get("/v1/imports/notes")).json()["items"] == []
        others += 1
    found = (await checking).json()
    wrong = 20_000 // 7
    assert (found["rows"], found["created"], found["refused"], found["problems_total"]) == (20_001, 20_001 - wrong, wrong, wrong)
    assert (found["repeated"], found["problems"][0]["count"]) == (1, wrong)
    assert others > 20_000 / 250  # one for each batch at the least
    await _nothing_is_left(notes)


async def test_a_dry_run_of_a_large_file_is_refused(notes: Running, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_CHECKED", 2 * 1024 * 1024)
    raw = b"external_id,text\n" + b"1,a\n" * 600_000

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(raw), 100_000):
            yield raw[at : at + 100_000]

    for content in (raw, pieces()):  # its size is known at once, or only when it has come
        answer = await client.post("/v1/imports/notes", params={"dry_run": "true"}, content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large"), answer.text
        assert answer.json()["detail"].startswith("A dry run looks at files of up to 2 MB;")
    await _nothing_is_left(notes)


async def test_dry_runs_side_by_side_and_cut_off_ones_leave_nothing(notes: Running, client: httpx.AsyncClient) -> None:
    rows = "".join(f"{n},a\n" for n in range(1000))

    async def cut_off() -> AsyncIterator[bytes]:
        yield ("external_id,text\n" + "1,a\n" * 200_000).encode()
        raise ClientDisconnect

    raw = "external_id,text\n" + rows
    contents = (raw, raw.encode("utf-16"), raw.encode("utf-16"), raw, cut_off())
    sent = [client.post("/v1/imports/notes", params={"dry_run": "true"}, content=content) for content in contents]
    *whole, cut = await asyncio.gather(*sent)
    assert [answer.json()["created"] for answer in whole] == [1000] * 4
    assert (cut.status_code, cut.json()["code"]) == (400, "cut_off")
    await _nothing_is_left(notes)


async def test_a_dry_run_ends_when_nobody_waits_for_it(notes: Running) -> None:
    body = ("external_id,text\n" + "".join(f"{n},a\n" for n in range(2000))).encode()
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer admin:"), (b"content-type", b"text/csv")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/v1/imports/notes", "raw_path": b"/v1/imports/notes", "root_path": "", "query_string": b"dry_run=true",
        "headers": headers, "server": ("test", 80), "client": ("test", 1), "state": {},
    }  # fmt: skip
    await notes.app(scope, receive, send)
    assert sent[0]["status"] == 400
    await _nothing_is_left(notes)


async def test_the_second_copy_of_a_file_goes_with_a_dry_run_that_was_killed(notes: Running, client: httpx.AsyncClient) -> None:
    id = (await client.post("/v1/imports/notes", content="external_id,text\n1,a\n".encode("utf-16"))).json()["id"]
    async with notes.db.connection() as conn:
        await conn.execute("UPDATE import_job SET state = 'checking'")
        await conn.execute("INSERT INTO import_chunk VALUES ($1, 0, 'x')", prepared_id(UUID(id)))
        await jobs.forget_uploads(conn, notes.clock() - timedelta(days=1))
        assert await conn.fetchval("SELECT count(*) FROM import_chunk") == 2
        await jobs.forget_uploads(conn, notes.clock() + timedelta(days=1))
    await _nothing_is_left(notes)
