"""Exchange rates by day: set, corrected and taken back by finance, in files too, told to all, and looked up by day."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from lead_svc.rates.imports import RATE_IMPORT, run_imports
from lead_svc.rates.rules import RATE_ACTS
from lead_svc.rates.tables import RATES
from shared import verify
from shared.auth import Role
from shared.events.rate import RateSet, RateWithdrawn
from shared.rates import Fx, rates_on
from tests.acts import Acts
from tests.client import done
from tests.harness import Running
from tests.importing import imported
from tests.lead.desk import Desk

ECB = {"currency": "USD", "day": "2026-03-01", "rate": "7.1234", "source": "ECB"}


async def put(desk: Desk, by: str = "finance", status: int = 201, **over: str) -> dict[str, Any]:
    return done(await desk.by(by).post("/v1/rates", json=ECB | over), status)


async def on(desk: Desk, currency: str, day: str | None = None) -> httpx.Response:
    return await desk.by("ann").get("/v1/rates/on", params={"currency": currency} | ({"day": day} if day else {}))


async def test_a_rate_is_set_corrected_and_taken_back_and_each_is_told(desk: Desk, svc: Running) -> None:
    made = await put(desk)
    assert (made["rate"], made["base"], made["version"]) == ("7.1234", "CNY", 1)
    assert (await put(desk, status=200))["version"] == 1, "the same again changes nothing"
    corrected = await put(desk, by="sales_ops", status=200, rate="7.2")
    assert (corrected["id"], corrected["version"], corrected["rate"]) == (made["id"], 2, "7.2")
    gone = await desk.by("admin").delete(f"/v1/rates/{made['id']}", headers={"If-Match": '"2"'})
    assert (gone.status_code, gone.json()["rate"], gone.json()["version"]) == (200, None, 3)
    again = await desk.by("admin").delete(f"/v1/rates/{made['id']}", headers={"If-Match": "*"})
    assert (again.status_code, again.json()["code"]) == (409, "rate_withdrawn")
    assert (await put(desk, status=200, rate="7.3"))["version"] == 4, "a day that has none any more gets one again"
    told = await svc.told(RateSet, RateWithdrawn)
    assert [(e.version, getattr(e.data, "rate", None)) for e in told] == [
        (1, Decimal("7.1234")),
        (2, Decimal("7.2")),
        (3, None),
        (4, Decimal("7.3")),
    ]
    assert {(e.data.currency, e.data.base, e.data.day, e.data.source) for e in told} == {("USD", "CNY", date(2026, 3, 1), "ECB")}


async def test_a_day_without_a_rate_takes_the_last_one_before_it(desk: Desk) -> None:
    assert (await on(desk, "USD")).json() == {"currency": "USD", "base": "CNY", "rate": "7", "day": None}, "of the settings, for all days"
    await put(desk, day="2026-02-27", rate="7.1")
    await put(desk, day="2026-03-05", rate="7.5")
    assert [(await on(desk, "USD", day)).json()["rate"] for day in ("2026-02-26", "2026-02-27", "2026-03-04", "2026-03-05")] == [
        "7", "7.1", "7.1", "7.5",
    ]  # fmt: skip
    assert (await on(desk, "USD")).json()["day"] == "2026-02-27", "today is the second of March"
    assert (await on(desk, "CNY")).json() == {"currency": "CNY", "base": "CNY", "rate": "1", "day": None}
    missing = await on(desk, "JPY")
    assert (missing.status_code, "CLINCH_FX_RATES" in missing.json()["detail"]) == (404, True)


async def test_the_checks_of_the_data_know_rates(desk: Desk, svc: Running) -> None:
    await put(desk)
    await put(desk, status=200, rate="7.2")
    async with svc.db.connection() as conn:
        found = [finding async for finding in verify.run(conn, verify.atomicity(svc.service.metadata))]
    assert [(finding.says, finding.offenders) for finding in found] == [("each aggregate's version counts its events", 0)]


async def test_many_are_found_by_one_statement(svc: Running, desk: Desk) -> None:
    await put(desk)
    async with svc.db.read() as db:
        assert await rates_on(db, svc.settings, [("CNY", date(2026, 3, 1))]) == {("CNY", date(2026, 3, 1)): Fx(Decimal(1))}
        wanted = [("USD", date(2026, 2, 1)), ("USD", date(2026, 3, 9)), ("EUR", date(2026, 3, 9)), ("JPY", date(2026, 3, 9))]
        found = await rates_on(db, svc.settings, wanted)
    assert [found.get(pair) for pair in wanted] == [Fx(Decimal(7)), Fx(Decimal("7.1234"), date(2026, 3, 1)), Fx(Decimal(8)), None]
    assert found[wanted[1]].day_if_not(date(2026, 3, 1)) is None


async def test_rates_are_listed_by_currency_and_days(desk: Desk) -> None:
    for day in ("2026-01-01", "2026-02-01", "2026-03-01"):
        await put(desk, day=day)
    await put(desk, currency="EUR")

    async def days(**query: str) -> list[str]:
        return [item["day"] for item in done(await desk.by("ann").get("/v1/rates", params=query), 200)["items"]]

    assert await days(currency="USD") == ["2026-03-01", "2026-02-01", "2026-01-01"]
    assert await days(currency="USD", **{"day[gte]": "2026-01-15", "day[lte]": "2026-02-15"}) == ["2026-02-01"]
    assert len(await days()) == 4


async def test_many_in_one_request_are_each_answered(desk: Desk, svc: Running) -> None:
    rows = [ECB | {"day": f"2026-01-{day:02}"} for day in range(1, 29)]
    rows += [ECB | {"day": "2026-01-01"}, ECB | {"currency": "CNY"}, ECB | {"rate": "0"}]
    headers = {"Idempotency-Key": "jan"}
    answer = done(await desk.by("finance").post("/v1/rates/bulk", json={"items": rows}, headers=headers), 207)
    assert [item["status"] for item in answer["items"]] == [201] * 28 + [422] * 3
    assert [item["problem"]["code"] for item in answer["items"][28:]] == ["invalid"] * 3
    again = done(await desk.by("finance").post("/v1/rates/bulk", json={"items": rows[:28]}, headers={"Idempotency-Key": "x"}), 207)
    assert {item["status"] for item in again["items"]} == {200}
    assert len(await svc.told(RateSet)) == 28


@pytest.mark.parametrize(
    "wrong", [{"rate": 7.1}, {"rate": "-1"}, {"rate": "1e3"}, {"rate": "7.123456789"}, {"currency": "CNY"}, {"source": ""}]
)
async def test_what_is_no_rate_is_refused(desk: Desk, wrong: dict[str, Any]) -> None:
    assert (await desk.by("finance").post("/v1/rates", json=ECB | wrong)).status_code == 422


async def test_who_may_do_what_is_what_is_listed(desk: Desk, svc: Running) -> None:
    made = await put(desk)
    held = Acts(desk, RATE_ACTS)
    whos = [role.value for role in Role if role is not Role.system]
    for _ in range(2):
        async with svc.db.read() as db:
            row = await db.get(RATES, made["id"])

        async def read(who: str) -> dict[str, Any] | None:
            answer = await desk.raw(who, "GET", f"/v1/rates/{made['id']}")
            return answer.json() if answer.status_code == 200 else None

        await held.hold(row, whos, read)
        await desk.by("admin").delete(f"/v1/rates/{made['id']}", headers={"If-Match": "*"})
    held.complete()


FILE = """day,currency,rate,source
2026-01-01,USD,7.01,ECB
2026-01-02,USD,7.02,ECB
2026-01-02,EUR,8.02,ECB
2026-01-03,CNY,1,ECB
2026-01-04,USD,zero,ECB
2026-01-01,USD,7.11,ECB
"""


async def test_a_file_of_rates_is_imported(desk: Desk, svc: Running) -> None:
    path = f"/v1/imports/{RATE_IMPORT.things}"
    found = await imported(svc, desk.by("finance"), path, run_imports, FILE)
    assert (found["state"], found["created"], found["updated"], found["refused"]) == ("done", 3, 1, 2)
    listed = done(await desk.by("ann").get("/v1/rates", params={"currency": "USD", "day": "2026-01-01"}), 200)["items"]
    assert [(item["rate"], item["version"]) for item in listed] == [("7.11", 2)], "the later line counts"
    assert (await desk.by("ann").post(path, content=FILE)).status_code == 403


async def test_a_conversion_needs_a_rate_of_its_day(desk: Desk) -> None:
    lead = await desk.sql()
    yen = {"amount": {"amount": "100", "currency": "JPY"}, "join_account": True}
    refused = await desk.attempt(lead, "convert", **yen)
    assert (refused.status_code, "There is no rate for JPY" in refused.json()["detail"]) == (422, True)
    await put(desk, currency="JPY", rate="0.05", day="2026-03-02")
    assert (await desk.attempt(lead, "convert", **yen)).status_code == 200
