"""A list as a file for a spreadsheet: the whole of it, as the caller sees it, and read back by our own import as it was."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook

from lead_svc.imports.api import run_imports
from shared.http.export.files import CSV, XLSX
from tests.client import done
from tests.harness import Running
from tests.importing import imported
from tests.lead.desk import Desk


async def file(desk: Desk, who: str, form: str = CSV, path: str = "/v1/leads", **params: Any) -> httpx.Response:
    return await desk.by(who).get(path, params=params, headers={"Accept": form})


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8"), answer.text
    assert answer.content.startswith("\ufeff".encode())
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_a_file_is_the_whole_filtered_list(desk: Desk) -> None:
    body = [{"source": "web", "company": f"Company {n}"} for n in range(430)]
    for part in (body[:215], body[215:]):
        await desk.ask("marketing", "POST", "/v1/leads/bulk", {"items": part}, expect=207, key=part[0]["company"])
    await desk.lead(by="ann", source="referral", company="Beyond the filter")
    answer = await file(desk, "eva", source="web", fields="company,state,region")
    found = rows(answer)
    assert sorted(row["company"] for row in found) == sorted(one["company"] for one in body)
    assert [*found[0]] == ["company", "state", "region"]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="leads.csv"'
    assert "Accept" in answer.headers["Vary"].split(", ")


async def test_it_shows_what_the_list_shows(desk: Desk) -> None:
    """The same rows and values for everybody, also where they are masked."""
    await desk.lead(by="ann", contact_name="Lin Tao", email="lin@example.com", phone="+4930123456")
    await desk.lead(by="sue", company="In the south")
    for who in ("eva", "finance"):
        listed = (await desk.ask(who, "GET", "/v1/leads"))["items"]
        found = rows(await file(desk, who))
        assert [row["id"] for row in found] == [item["id"] for item in listed]
        assert [row["contact_name"] or None for row in found] == [item["contact_name"] for item in listed]


async def test_a_seller_takes_the_own_rows_alone(desk: Desk) -> None:
    mine = await desk.lead(by="ann")
    await desk.lead(by="bob")
    for who in ("ann", "max", "auditor"):
        assert (await file(desk, who)).status_code == 403
    assert [row["id"] for row in rows(await file(desk, "ann", owner_id="me"))] == [mine["id"]]
    assert (await file(desk, "ann", owner_id=desk.id("bob"))).status_code == 403
    assert (await file(desk, "ann", XLSX)).status_code == 403


async def test_a_seller_takes_no_list_that_nobody_owns(desk: Desk) -> None:
    assert (await file(desk, "ann", path="/v1/team/people")).status_code == 403
    assert rows(await file(desk, "eva", path="/v1/team/people"))


@pytest.mark.parametrize("name", ["limit", "cursor", "count"])
async def test_what_asks_for_a_part_is_refused(desk: Desk, name: str) -> None:
    answer = done(await file(desk, "eva", **{name: "1"}), 422)
    assert answer["errors"][0]["pointer"] == name


async def test_what_the_list_refuses_is_refused_before_the_file_begins(desk: Desk) -> None:
    for form in (CSV, XLSX):
        assert done(await file(desk, "eva", form, state="unknown"), 422)["errors"][0]["pointer"] == "state"
        assert done(await file(desk, "eva", form, fields="unknown"), 422)["errors"][0]["pointer"] == "fields"
        assert done(await file(desk, "eva", form, colour="red"), 422)["errors"][0]["pointer"] == "colour"


@pytest.mark.parametrize("accept", ["application/json", "*/*", f"application/json, {CSV};q=0.5", f"{CSV};q=0", "text/html,*/*;q=0.8"])
async def test_whoever_prefers_json_gets_it(desk: Desk, accept: str) -> None:
    answer = await desk.by("eva").get("/v1/leads", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == "application/json"


async def test_a_file_is_in_the_access_log_with_what_was_taken(svc: Running, desk: Desk) -> None:
    await desk.lead(by="ann")
    await desk.lead(by="ann")
    for form in (CSV, XLSX):
        await file(desk, "eva", form, state="captured")
    await svc.app.state.access_log.flush()
    async with svc.db.read() as db:
        logged = await db.rows("SELECT operation, records, query FROM access_log WHERE operation LIKE 'list_leads.%' ORDER BY at")
    assert [tuple(row) for row in logged] == [("list_leads.csv", 2, "state=captured"), ("list_leads.xlsx", 2, "state=captured")]


FORMULA = {"company": '=HYPERLINK("http://evil.example")', "title": "@home, -5 °C", "contact_name": "+Anna"}


async def test_nothing_in_a_csv_file_is_calculated(desk: Desk) -> None:
    await desk.lead(by="ann", **FORMULA)
    (row,) = rows(await file(desk, "eva"))
    assert row["company"] == f"'{FORMULA['company']}"
    assert row["contact_name"] == "'+Anna"


async def test_telephone_numbers_stay_as_they_are(desk: Desk) -> None:
    account = await desk.ask("eva", "POST", "/v1/accounts", {"name": "Acme"}, expect=201)
    body = {"name": "-Anna", "phone": "+4930123456", "account_id": account["id"]}
    await desk.ask("eva", "POST", "/v1/contacts", body, expect=201)
    (row,) = rows(await file(desk, "eva", path="/v1/contacts"))
    assert (row["name"], row["phone"]) == ("'-Anna", "+4930123456")


async def test_a_csv_file_is_imported_as_it_was(svc: Running, desk: Desk) -> None:
    await desk.lead(by="ann", **FORMULA, source="web", external_id="L-1")
    fields = "external_id,source,company,title,contact_name,captured_at"
    content = (await file(desk, "eva", fields=fields)).content.decode().replace("L-1", "L-2")
    job = await imported(svc, desk.by("admin"), "/v1/imports/leads", run_imports, content)
    assert job["state"] == "done", job
    back = (await desk.ask("admin", "GET", "/v1/leads", external_id="L-2"))["items"][0]
    assert {name: back[name] for name in FORMULA} == FORMULA


async def test_a_workbook_has_texts_numbers_and_times_of_the_company(desk: Desk) -> None:
    lead = await desk.lead(by="ann", **FORMULA)
    answer = await file(desk, "eva", XLSX, fields="company,title,version,captured_at,imported")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="leads.xlsx"'
    (sheet,) = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).sheet_names
    table = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_name(sheet).to_python()
    found = dict(zip(*table, strict=True))
    captured = datetime.fromisoformat(lead["captured_at"]).astimezone(UTC).replace(tzinfo=None)
    assert (found["company"], found["title"], found["version"]) == (FORMULA["company"], FORMULA["title"], lead["version"])
    assert abs((found["captured_at"] - captured).total_seconds()) < 1
    assert found["imported"] is False
