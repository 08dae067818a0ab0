"""XLSX and XLS: rows like those of a CSV file, numbers and dates as they are, and bounds against what is made to do harm."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from shared.imports import workbook
from shared.imports.workbook import BadWorkbook, table_of, text_of
from tests.cases.importing import FILES, bring
from tests.cases.workbooks import far_cell, xlsx, zipped
from tests.harness import Running

HEAD = ["external_id", "opened_at", "amount", "name", "expected_close_on"]


async def test_the_cells_of_a_workbook_are_taken_as_they_are(deals: Running) -> None:
    rows = [
        [None],
        HEAD,
        [1001.0, date(2026, 1, 5), 88000, "Müller 红灯笼", date(2026, 4, 1)],
        [],
        ["D-2", datetime.fromisoformat("2026-01-06 14:30"), 1200.5, 0.1, None],
        ["D-3", "2026-01-07", "1.200,50", 1e21, "31/12/2026"],
        ["D-4", "yesterday", 1, None, None],
    ]
    imported = await bring(deals, xlsx(Deals=rows), time_zone="Asia/Shanghai")
    assert imported.counts == ("done", 3, 1), imported.problems
    assert imported.refused[0][0] == 7
    assert imported.rows["1001"]["opened_at"] == datetime(2026, 1, 5, tzinfo=UTC)
    assert imported.rows["1001"]["expected_close_on"] == date(2026, 4, 1)
    assert imported.rows["D-2"]["opened_at"] == datetime(2026, 1, 6, 6, 30, tzinfo=UTC)
    assert {key: row["amount"] for key, row in imported.rows.items()} == {
        "1001": 88000,
        "D-2": Decimal("1200.5"),
        "D-3": Decimal("1200.50"),
    }
    assert {key: row["name"] for key, row in imported.rows.items()} == {"1001": "Müller 红灯笼", "D-2": "0.1", "D-3": "1" + "0" * 21}
    assert imported.found("sheet") == "Deals"
    assert imported.job["bytes_done"] == imported.job["bytes_total"]


async def test_xls_is_read_too(leads: Running) -> None:
    imported = await bring(leads, "leads.xls")
    assert imported.counts == ("done", 2, 0), imported.problems
    assert {key: (row["company"], row["phone"]) for key, row in imported.rows.items()} == {
        "1": ("Müller GmbH", "4915112345678"),
        "B-2": ("红灯笼", "0.1"),
    }


async def test_a_sheet_can_be_named(deals: Running) -> None:
    raw = xlsx(Notes=[["something"]], Won=[HEAD, ["A", "2026-01-02", 1]])
    assert set((await bring(deals, raw, sheet="Won")).rows) == {"A"}
    refused = await bring(deals, raw, sheet="Lost")
    assert (refused.counts[0], refused.job["refusal"]) == (
        "refused",
        {"code": "bad_workbook", "option": "sheet", "candidates": ["Notes", "Won"]},
    )


async def test_numbers_in_cells_are_clear_and_texts_may_be_not(deals: Running) -> None:
    clear = await bring(deals, xlsx(Deals=[HEAD, ["A", "2026-01-02", 12.5], ["B", "2026-01-02", 12500]]))
    assert {row["amount"] for row in clear.rows.values()} == {Decimal("12.5"), Decimal(12500)}
    unclear = xlsx(Deals=[HEAD, ["C", "2026-01-02", "12.500"]])
    refused = await bring(deals, unclear)
    assert refused.job["refusal"] == {"code": "unclear_amounts", "option": "decimal", "candidates": [".", ","]}
    assert (await bring(deals, unclear, decimal=",")).rows["C"]["amount"] == 12500


async def test_serial_numbers_are_dates_when_that_is_asked_for(deals: Running) -> None:
    raw = xlsx(Deals=[HEAD, ["A", 46023, 1], ["B", 46023.5, 1]])
    assert (await bring(deals, raw)).counts == ("done", 0, 2)
    asked = await bring(deals, raw, date_format="excel")
    assert {row["opened_at"] for row in asked.rows.values()} == {datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (0, 12)}


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ((FILES / "protected.xlsx").read_bytes(), "password"),
        (b"PK\x03\x04 and no archive", "damaged"),
        (xlsx(A=[["external_id"]])[:-40], "damaged"),
        (zipped({"leads.csv": "external_id\nA\n"}), "no workbook"),
        (zipped({"xl/workbook.xml": "no workbook"}), "damaged"),
        (zipped({"xl/workbook.xml": " " * 20_000_000}), "unpacks to more"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        (xlsx(A=[]), "empty"),
    ],
)
async def test_what_is_no_workbook_is_refused_with_a_sentence(leads: Running, raw: bytes, says: str) -> None:
    refused = await bring(leads, raw)
    assert refused.counts == ("refused", 0, 0)
    assert says in refused.job["error"]


def test_a_sheet_has_at_most_so_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_CELLS", 5)
    with pytest.raises(BadWorkbook, match="more than 2,000,000 cells"):
        table_of(xlsx(A=[["a", "b", "c"], ["1", "2", "3"]]), None)


async def test_a_cell_far_away_costs_the_worker_no_memory(leads: Running) -> None:
    refused = await bring(leads, far_cell())
    assert refused.counts == ("refused", 0, 0)
    assert "cells" in refused.job["error"] or "memory" in refused.job["error"]


@pytest.mark.parametrize(
    ("value", "text"), [(12.0, "12"), (0.1, "0.1"), (1e-7, "0.0000001"), (True, "true"), (3, "3"), (2.5e15, "2500000000000000")]
)
def test_a_number_has_its_shortest_form(value: float, text: str) -> None:
    assert text_of(value) == text
