"""Small files of the kinds that real programs write, each with the right answer: read exactly, or refused with its reason."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from shared.events.deal import DealOpened
from tests.cases.importing import Imported, bring
from tests.harness import Running

WESTERN = {"map": "source=source"}


def names(imported: Imported, field: str = "company") -> dict[str, Any]:
    return {key: row[field] for key, row in imported.rows.items()}


async def test_a_date_outside_1970_to_2200_costs_its_row(deals: Running) -> None:
    imported = await bring(deals, "impossible_year_deals.csv")
    assert imported.counts == ("done", 1, 1)
    assert imported.refused == [(2, "days and times lie in the years from 1970 to 2200")]
    assert [event.data.external_id for event in await deals.told(DealOpened)] == ["P-2"]


async def test_a_western_file_is_read_with_its_own_letters(leads: Running) -> None:
    imported = await bring(leads, "western_excel.csv", **WESTERN)
    assert imported.counts == ("done", 2, 0)
    assert names(imported) == {"W-1": "Müller GmbH", "W-2": "Bøgh & Søn"}
    assert {row["contact_name"] for row in imported.rows.values()} == {"Jörg Weiß", "Åse"}
    assert (imported.found("encoding"), imported.found("delimiter")) == ("windows-1252", "semicolon")


@pytest.mark.parametrize("encoding", ["windows-1251", "shift_jis", "big5", "utf-16", "windows-1252"])
async def test_an_encoding_can_be_given(leads: Running, encoding: str) -> None:
    text = {"windows-1251": "Завод", "shift_jis": "みどり", "big5": "紅燈籠", "utf-16": "Ελένη", "windows-1252": "Müller"}[encoding]
    raw = f"external_id,company\nA,{text}\n".encode({"shift_jis": "cp932", "big5": "cp950"}.get(encoding, encoding))
    assert names(await bring(leads, raw, encoding=encoding)) == {"A": text}


async def test_an_encoding_that_is_not_clear_is_refused_and_taken_when_it_is_given(leads: Running) -> None:
    raw = "external_id,company\nA,Muñoz\n".encode("cp1252")
    refused = await bring(leads, raw)
    assert refused.counts == ("refused", 0, 0)
    assert refused.rows == {}
    assert refused.job["refusal"]["option"] == "encoding"
    assert "windows-1252" in refused.job["refusal"]["candidates"]
    assert names(await bring(leads, raw, encoding="windows-1252")) == {"A": "Muñoz"}


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
async def test_unicode_of_all_kinds_is_read(leads: Running, codec: str) -> None:
    imported = await bring(leads, 'external_id,company\r\nA,"Müller\r\n红灯笼"\r\nB,𝄞\r\n'.encode(codec))
    assert names(imported) == {"A": "Müller 红灯笼", "B": "𝄞"}, "a name is one line, in files as in calls"


async def test_a_stray_byte_costs_its_row(leads: Running) -> None:
    imported = await bring(leads, "one_stray_byte.csv")
    assert names(imported) == {"U-1": "Müller GmbH", "U-3": "José SA"}
    assert imported.refused == [(3, "byte that is not UTF-8 (0xF1)")]


async def test_a_quote_that_is_never_closed_costs_its_row(leads: Running) -> None:
    imported = await bring(leads, "quote_never_closed.csv")
    assert names(imported) == {"K-2": "Two", "K-3": "Three"}
    assert imported.refused == [(2, "a quote is never closed")]


async def test_a_nul_costs_its_row(leads: Running, deals: Running) -> None:
    for svc in (leads, deals):
        imported = await bring(svc, "nul_in_one_row.csv", **({} if svc is leads else {"map": ["opened_at=captured_at", "account=company"]}))
        assert (imported.job["state"], set(imported.rows)) == ("done", {"NU-1", "NU-3"})
        assert imported.refused == [(3, "a NUL character")]


@pytest.mark.parametrize(
    "raw",
    [
        b"external_id,na\0me,opened_at\nA,x,2026-01-02\n",
        b"external_id,opened_at\nA,1/2/2026\0\nB,2026-01-02\n",
        b"external_id,opened_at\nA,1/2/2026\nB,13/2/2026\nC,2/13/2026\0\n",
        "external_id,na\0me,opened_at\nA,x,2026-01-02\n".encode("utf-16"),
    ],
)
async def test_a_nul_in_the_header_or_beside_a_date_fails_no_job(deals: Running, raw: bytes) -> None:
    imported = await bring(deals, raw)
    assert imported.job["state"] == "done"
    assert {"A", "B"} & set(imported.rows)


async def test_lines_that_end_by_carriage_returns_are_read(leads: Running) -> None:
    assert names(await bring(leads, "cr_only.csv")) == {"C-1": "Old Mac", "C-2": "Older Mac"}


async def test_empty_unnamed_columns_and_empty_rows_are_passed_over(leads: Running) -> None:
    imported = await bring(leads, "unnamed_columns.csv")
    assert (imported.counts, names(imported)) == (("done", 2, 0), {"T-1": "Blue Harbour", "T-2": "Red Lantern"})


async def test_trailing_cells_may_be_missing_or_empty_and_no_others(leads: Running) -> None:
    raw = b"external_id,captured_at,company,title\nA,2026-01-05\nB,2026-01-05,Co,,,\nC,2026-01-05,Co,T,more\nbroken line\n"
    imported = await bring(leads, raw)
    assert set(imported.rows) == {"A", "B"}
    assert imported.refused == [(4, "the row has 5 fields, the header 4"), (5, "the row has 1 fields, the header 4")]


async def test_two_columns_of_one_name_are_a_fault_only_when_they_are_mapped(leads: Running) -> None:
    assert names(await bring(leads, b"external_id,note,note,company\nA,x,y,Co\n")) == {"A": "Co"}
    async with leads.client() as client:
        refused = await client.post("/v1/imports/leads", content=b"external_id,company,company\nA,x,y\n")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "repeated_column")


async def test_the_delimiter_is_found_by_parsing(deals: Running) -> None:
    columns = ["external_id=deal_no", "amount=Amount, net, EUR", "closed_at=Closed, won, on"]
    imported = await bring(deals, "commas_in_quoted_header.csv", map=columns, set="outcome=won")
    assert imported.counts == ("done", 1, 0)
    assert (imported.rows["D-1"]["amount"], imported.found("delimiter")) == (Decimal("88000.00"), "semicolon")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
@pytest.mark.parametrize("end", [" UTC", " GMT", "Z", "+00:00"])
async def test_a_time_that_names_its_zone_is_that_time(deals: Running, zone: str, end: str) -> None:
    raw = f"external_id,opened_at\nA,2023-09-26 15:15:00.000000{end}\n".encode()
    imported = await bring(deals, raw, time_zone=zone)
    assert imported.rows["A"]["opened_at"] == datetime(2023, 9, 26, 15, 15, tzinfo=UTC)


async def test_one_value_shows_the_order_of_day_and_month_for_the_file(deals: Running) -> None:
    raw = b"id,opened,closed,due,outcome\nD-1,10/20/2016,,1/2/2017,open\nD-2,10/25/2016,3/1/2017,,won\nD-3,1/2/2017,2/3/2017,,lost\n"
    columns = ["external_id=id", "opened_at=opened", "closed_at=closed", "expected_close_on=due"]
    imported = await bring(deals, raw, map=columns)
    assert imported.counts == ("done", 3, 0)
    assert imported.rows["D-2"]["closed_at"] == datetime(2017, 3, 1, tzinfo=UTC)
    assert imported.rows["D-1"]["expected_close_on"] == date(2017, 1, 2)
    assert imported.found("order of day and month in closed_at") == "month first"


@pytest.mark.parametrize(
    ("column", "value", "option", "candidates", "given"),
    [
        ("opened_at", "01/02/2026", "date_format", ["%d/%m/%Y", "%m/%d/%Y"], {"date_format": "%m/%d/%Y"}),
        ("amount", "12.500", "decimal", [".", ","], {"decimal": ","}),
    ],
)
async def test_what_nothing_settles_is_refused_with_what_to_give(
    deals: Running, column: str, value: str, option: str, candidates: list[str], given: dict[str, str]
) -> None:
    raw = f"external_id,{column},proposal_at\nA,{value},2026-01-02\n".encode()
    refused = await bring(deals, raw)
    assert (refused.counts, refused.rows) == (("refused", 0, 0), {})
    assert value in refused.job["error"]
    assert refused.job["refusal"]["option"] == option
    assert refused.job["refusal"]["candidates"] == candidates
    taken = await bring(deals, raw, **given)
    assert taken.counts == ("done", 1, 0)
    assert taken.rows["A"]["amount"] == (12500 if column == "amount" else 0)


async def test_amounts_are_read_by_the_whole_column(deals: Running) -> None:
    raw = 'external_id,opened_at,amount,currency\nA,2026-01-02,12.500,EUR\nB,2026-01-02,"€ 1.200,50",EUR\nC,2026-01-02,€ 3,USD\n'.encode()
    imported = await bring(deals, raw)
    assert {key: row["amount"] for key, row in imported.rows.items()} == {"A": Decimal("12500"), "B": Decimal("1200.50")}
    assert imported.refused == [(4, "says EUR, but the row's currency is USD; map or set the currency")]
    assert imported.found("decimal mark in amount") == "comma"


async def test_what_a_conversion_cannot_hold_costs_its_row(deals: Running) -> None:
    raw = (
        b"external_id,opened_at,amount\nA,9999-12-31T23:59:59-14:00,1\nB,2026-01-02,"
        + b"9" * 500
        + b"\nC,2026-01-02,1e99\nD,2026-01-02,1\n"
    )
    imported = await bring(deals, raw)
    assert (imported.job["state"], set(imported.rows), {line for line, _ in imported.refused}) == ("done", {"D"}, {2, 3, 4})


@pytest.mark.parametrize(
    ("raw", "params"),
    [
        (b'"' + b"x" * 200_000 + b'",b\n1,2\n', {}),
        (b"external_id,b\n1,2\n", {"set": "amount=NaN"}),
        (b"external_id,b\n1,2\n", {"set": "amount=1e999999"}),
        (b"external_id,b\n1,2\n", {"set": "opened_at=9999-12-31T23:59:59-14:00"}),
        (b"external_id,b\n1,2\n", {"set": "currency=XQQ"}),
        (b"external_id,b\n1,2\n", {"date_format": "%"}),
    ],
)
async def test_what_no_row_could_have_is_refused_at_once(deals: Running, raw: bytes, params: dict[str, str]) -> None:
    async with deals.client() as client:
        refused: httpx.Response = await client.post("/v1/imports/deals", params=params, content=raw)
    assert refused.status_code == 422, refused.text
