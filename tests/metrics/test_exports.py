"""Exports: facts and figures as files, opened again by those who would, and by nobody who may not."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pandas
import pytest
from pyarrow import parquet

from metrics_svc.exports import api
from metrics_svc.exports.catalogue import ALL
from tests.client import done
from tests.harness import Running
from tests.metrics.histories import random_world
from tests.metrics.told import Deal, Lead, events_of, get, hear, kpi, on, person

SINCE, UNTIL = "2025-01-01", "2026-06-01"


async def take(svc: Running, name: str, who: str = "director", subject: str = "", expect: int = 200, **asked: Any) -> httpx.Response:
    async with svc.client(who, subject) as client:
        answer = await client.get(f"/v1/exports/{name}", params=asked)
    assert answer.status_code == expect, answer.text
    return answer


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith("\ufeff".encode())
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def world(svc: Running, seed: int = 1) -> None:
    await hear(svc, events_of(random_world(seed).stories))


async def saved(svc: Running, folder: Path, form: str, *names: str, **asked: Any) -> None:
    for name in names:
        (folder / f"{name}.{form}").write_bytes((await take(svc, name, format=form, **asked)).content)


async def test_every_export_is_listed_with_the_columns_of_its_file(svc: Running) -> None:
    await world(svc)
    async with svc.client("director") as client:
        listed = done(await client.get("/v1/exports"), 200)["items"]
    assert [one["name"] for one in listed] == [*ALL]
    for one in listed:
        for form in ("csv", "parquet"):
            answer = await take(svc, one["name"], format=form, **({} if one["view"] else {"since": SINCE}))
            assert answer.headers["Export-Version"] == str(one["version"])
            found = answer.content.decode("utf-8-sig").partition("\r\n")[0].split(",") if form == "csv" else []
            if form == "parquet":
                schema = parquet.read_schema(io.BytesIO(answer.content))
                found = schema.names
                says = [field.metadata[b"description"].decode() for field in schema]
                assert says == [column["description"] for column in one["columns"]]
                assert [field.nullable for field in schema] == [column["nullable"] for column in one["columns"]]
                assert schema.metadata[b"clinch.version"] == str(one["version"]).encode()
            assert found == [column["name"] for column in one["columns"]]
            assert all(column["description"] for column in one["columns"])


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_pandas_and_duckdb_open_them_and_their_sums_are_the_figures(svc: Running, tmp_path: Path, form: str) -> None:
    await world(svc, 3)
    await saved(svc, tmp_path, form, "deal_outcomes", "leads", "payments", "milestones")
    sums = {name: part for name in ("win_rate_value", "leads_captured", "sign_to_cash") for name, part in await _counted(svc, name)}
    read = pandas.read_csv if form == "csv" else pandas.read_parquet
    outcomes = read(tmp_path / f"deal_outcomes.{form}")
    by_kind = {kind: Decimal(str(amount)) for kind, amount in outcomes.groupby("kind")["amount"].sum().items()}
    assert round(by_kind["won"] - by_kind["reversed"], 2) == sums["won"]
    assert len(read(tmp_path / f"leads.{form}")) == sums["captured"]
    found = duckdb.sql(
        f"SELECT sum(amount) FILTER (kind = 'won') - sum(amount) FILTER (kind = 'reversed') FROM '{tmp_path}/deal_outcomes.{form}'"
    ).fetchall()
    assert round(Decimal(str(found[0][0])), 2) == sums["won"]
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/payments.{form}'").fetchall() == [(sums["cash"],)]


async def _counted(svc: Running, name: str) -> list[tuple[str, Any]]:
    total = await kpi(svc, name)
    return [*total["counts"].items(), *[(part, Decimal(value)) for part, value in total["parts"].items() if isinstance(value, str)]]


async def test_a_file_has_what_was_credited_in_the_days_that_were_asked_for(svc: Running) -> None:
    early, late = Deal("early").opened(on(0)).won(on(30), amount=100), Deal("late").opened(on(0)).won(on(31), amount=50)
    await hear(svc, events_of([early, late]))
    for asked, amounts in (
        ({"until": "2025-02-01"}, ["100"]),
        ({"since": "2025-02-01"}, ["50"]),
        ({"since": "2025-01-31", "until": "2025-02-02"}, ["50", "100"]),
    ):
        found = rows(await take(svc, "deal_outcomes", **asked))
        assert sorted(row["amount"] for row in found) == sorted(amounts)


async def test_days_are_those_of_the_company(shanghai: Running) -> None:
    """Half past four in the afternoon of London's 31st is the 1st in Shanghai."""
    await hear(shanghai, events_of([Deal("late").opened(on(0)).won(on(30 + 16.5 / 24))]))
    assert rows(await take(shanghai, "deal_outcomes", until="2025-02-01")) == []
    (row,) = rows(await take(shanghai, "deal_outcomes", since="2025-02-01"))
    assert row["at"] == "2025-01-31T16:30:00Z"


async def test_amounts_are_as_exact_as_they_are_counted(svc: Running) -> None:
    await hear(svc, events_of([Deal("one", currency="USD", fx="7.123456").opened(on(0)).won(on(5), amount="10.01")]))
    (row,) = rows(await take(svc, "deal_outcomes"))
    assert Decimal(row["amount"]) == Decimal("10.01") * Decimal("7.123456")
    table = parquet.read_table(io.BytesIO((await take(svc, "deal_outcomes", format="parquet")).content))
    assert table["amount"].to_pylist() == [Decimal("10.01") * Decimal("7.123456")]
    assert Decimal(row["cycle_seconds"]) == 5 * 86_400


async def test_a_seller_takes_what_is_credited_to_them_and_nothing_else(svc: Running) -> None:
    ann, bob = ({"owner_id": person(name)} for name in ("ann", "bob"))
    deals = [Deal("a", **ann).opened(on(0)).won(on(2), amount=1), Deal("b", **bob).opened(on(0)).won(on(2), amount=2)]
    await hear(svc, events_of([Lead("a").captured(on(0), **ann), Lead("b").captured(on(0), **bob), *deals]))
    for who in ("rep", "manager", "auditor", "ops"):
        assert "owner_id=me" in done(await take(svc, "deals", who, "ann", 403), 403)["detail"]
    for name in ("leads", "deals", "deal_outcomes", "deal_amounts", "deal_stages", "deal_goals"):
        for form in ("csv", "parquet"):
            answer = await take(svc, name, "rep", "ann", owner_id="me", format=form)
            owners = parquet.read_table(io.BytesIO(answer.content))["owner_id"].to_pylist() if form == "parquet" else []
            assert {*(owners or [row["owner_id"] for row in rows(answer)])} == {str(person("ann"))}, name
    assert (await take(svc, "deals", "rep", "ann", 403, owner_id=str(person("bob")))).status_code == 403
    assert len(rows(await take(svc, "deals", "director", owner_id=str(person("bob"))))) == 1
    assert len(rows(await take(svc, "deals", "service=figures.read"))) == 2


@pytest.mark.parametrize(
    ("who", "shown", "hidden"),
    [
        ("finance", {"payments", "milestones", "allocations"}, {"deals", "leads", "spend"}),
        ("marketing", {"leads", "lead_touches", "spend"}, {"deals", "payments"}),
        ("rep", {"leads", "deals", "payments"}, {"spend"}),
        ("legal", set(), {*ALL}),
        ("service=leads.read", set(), {*ALL}),
    ],
)
async def test_who_sees_nothing_of_a_kind_has_no_export_of_it(svc: Running, who: str, shown: set[str], hidden: set[str]) -> None:
    async with svc.client(who) as client:
        listed = {one["name"] for one in done(await client.get("/v1/exports"), 200)["items"]}
    assert shown <= listed
    assert not hidden & listed
    for name in hidden:
        await take(svc, name, who, expect=403, owner_id="me")
    for name in shown:
        await take(svc, name, who, owner_id="me")


async def test_kpis_per_day_and_month_are_the_figures_of_the_api(svc: Running) -> None:
    await world(svc, 2)
    asked = {"from_": SINCE, "to": UNTIL}
    for name, grain in (("kpi_months", "month"), ("kpi_days", "day")):
        until = UNTIL if grain == "month" else "2025-04-01"
        for by in (None, "source", "owner"):
            found = rows(await take(svc, name, since=SINCE, until=until, **({"by": by} if by else {})))
            figures = await get(svc, "figures", **asked | {"to": until}, grain=grain, **({"by": by} if by else {}))
            expected = [
                (figure["kpi"], row["start"], row["end"], row["group"] or "", str(row["n"]), row["value"])
                for figure in figures["items"]
                for row in figure["rows"]
            ]
            got = [(r["kpi"], r["start"], r["end"], r["group"], r["n"], Decimal(r["value"]) if r["value"] else None) for r in found]
            assert got == [(*key, None if value is None else Decimal(str(value))) for *key, value in expected]
            assert {r["dimension"] for r in found} == {by or ""}


async def test_a_seller_takes_the_own_kpis(svc: Running) -> None:
    stories = [Deal(name, owner_id=person(name)).opened(on(0)).won(on(2), amount=5) for name in ("ann", "bob", "bo2")]
    await hear(svc, events_of(stories))
    found = rows(await take(svc, "kpi_months", "rep", "ann", owner_id="me", since=SINCE, until="2025-02-01"))
    (wins,) = [row for row in found if row["kpi"] == "win_rate"]
    assert (wins["n"], wins["parts"]) == ("1", '{"won":1,"closed":1}')
    assert "cost_per_lead" not in {row["kpi"] for row in found}


async def test_a_file_is_in_the_access_log_with_what_was_taken(svc: Running) -> None:
    await hear(svc, events_of([Deal("a").opened(on(0)), Deal("b").opened(on(0))]))
    await take(svc, "deals", since=SINCE)
    await take(svc, "deals", "rep", "ann", 403)
    await svc.app.state.access_log.flush()
    async with svc.db.read() as db:
        logged = await db.rows("SELECT operation, records, query, actor_id FROM access_log")
    assert [tuple(row) for row in logged] == [("read_export.deals.csv", 2, "since=2025-01-01", svc.person("director"))]


async def test_nothing_in_a_csv_file_is_calculated(svc: Running) -> None:
    formula = '=HYPERLINK("http://evil.example")'
    await hear(svc, events_of([Lead("one").captured(on(0), campaign=formula, region="-5 °C")]))
    (row,) = rows(await take(svc, "leads"))
    assert (row["campaign"], row["region"]) == (f"'{formula}", "'-5 °C")
    table = parquet.read_table(io.BytesIO((await take(svc, "leads", format="parquet")).content))
    assert table["campaign"].to_pylist() == [formula]


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"since": "2025-01-02", "until": "2025-01-02"}, "until"),
        ({"since": "yesterday"}, "since"),
        ({"format": "xlsx"}, "format"),
        ({"by": "owner"}, "by"),
        ({"version": "2"}, "version"),
        ({"owner_id": "somebody"}, "owner_id"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_the_file_begins(svc: Running, asked: dict[str, str], pointer: str) -> None:
    for form in ({}, {"format": "parquet"}):
        refused = done(await take(svc, "deals", expect=422, **form | asked), 422)
        assert refused["errors"][0]["pointer"].startswith(pointer)


async def test_kpis_are_asked_for_with_a_beginning_and_not_too_many_days(svc: Running) -> None:
    assert done(await take(svc, "kpi_days", expect=422), 422)["errors"][0]["code"] == "since_needed"
    many = done(await take(svc, "kpi_days", expect=422, since="2015-01-01"), 422)
    assert (many["errors"][0]["code"], many["errors"][0]["pointer"]) == ("too_many_periods", "since")


async def test_an_unknown_export_is_not_there(svc: Running) -> None:
    await take(svc, "secrets", expect=404)


async def test_without_pyarrow_parquet_is_refused_in_words(svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    refused = done(await take(svc, "deals", expect=501, format="parquet"), 501)
    assert (refused["code"], "-r requirements-parquet.lock" in refused["detail"]) == ("no_parquet", True)
    await take(svc, "deals")


async def test_rows_are_read_through_a_cursor_and_a_client_that_goes_frees_its_place(svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the list, one batch of it is in memory; whoever goes away in the middle holds nothing."""
    monkeypatch.setattr(api.rows, "BATCH", 10)
    await hear(svc, events_of([Lead(str(n)).captured(on(0)) for n in range(95)]))
    held: list[object] = []
    begins = api.rows.one_moment

    @asynccontextmanager
    async def seen(db: Any) -> AsyncIterator[Any]:
        async with begins(db) as moment:
            held.append(moment)
            try:
                yield moment
            finally:
                held.remove(moment)

    monkeypatch.setattr(api.rows, "one_moment", seen)
    for _ in range(3 * api.AT_ONCE):
        sent = await _broken_off(svc, "/v1/exports/leads")
        assert (sent.count(b"\n"), held) == (11, [])
    assert len(rows(await take(svc, "leads"))) == 95


async def _broken_off(svc: Running, path: str) -> bytes:
    """What a client got who went away after the second piece."""
    got: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if body := message.get("body"):
            got.append(body)
        if len(got) == 2:
            raise OSError("gone")

    headers = [(b"authorization", b"Bearer director:"), (b"host", b"clinch.test")]
    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET", "path": path}
    scope |= {"raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers, "scheme": "http"}
    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever the server makes of it
        await svc.app(scope | {"client": ("127.0.0.1", 1), "server": ("clinch.test", 80)}, receive, send)
    return b"".join(got)


async def test_whoever_asks_while_all_places_are_taken_is_told_when_to_come_again(svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svc.app.state, "settings", svc.settings.model_copy(update={"pool_wait_seconds": 0.1}))
    places = [api.place(svc.app.state) for _ in range(api.AT_ONCE)]
    async with places[0], places[1]:
        refused = await take(svc, "deals", expect=503)
        assert refused.headers["Retry-After"] == "10"
    await take(svc, "deals")


def test_every_export_has_a_key_and_a_day_among_its_columns() -> None:
    for export in ALL.values():
        names = {column.name for column in export.schema}
        assert {*export.key, export.day} <= names
