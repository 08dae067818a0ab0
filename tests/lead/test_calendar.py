"""The company's calendar as people look at it: which days of a year differ from the week, and why."""

from typing import Any

from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk

PATH = "/v1/policies/company"


async def adopt(desk: Desk, **document: Any) -> None:
    """A document of policy that is active now."""
    drafted = done(await desk.by("sales_ops").post(f"{PATH}/versions", json={"document": document}), 201)
    for step in ("approve", "activate"):
        done(await desk.raw("director", "POST", f"{PATH}/versions/{drafted['number']}/{step}", {}, etag="*"), 200)


async def test_holidays_make_up_days_and_exceptions_say_where_they_come_from(desk: Desk, svc: Running) -> None:
    await adopt(desk, country="CN", overrides={"2026-02-13": "holiday", "2026-10-10": "holiday"})
    found = done(await desk.by("ann").get(f"{PATH}/calendar"), 200)
    assert (found["year"], found["country"], found["known"], found["zone"]) == (2026, "CN", True, "UTC")
    days = {day["day"]: (day["working"], day["source"]) for day in found["days"]}
    assert days["2026-02-14"] == (True, "official"), "a Saturday that is worked"
    assert days["2026-02-17"] == (False, "official")
    assert (days["2026-02-13"], days["2026-10-10"]) == ((False, "override"), (False, "override"))
    assert "2026-03-03" not in days
    assert found["working_days"] == 248 - 2


async def test_a_year_without_official_days_has_the_week_and_says_so(desk: Desk, svc: Running) -> None:
    await adopt(desk, country="CN")
    found = done(await desk.by("ann").get(f"{PATH}/calendar", params={"year": 2090}), 200)
    assert (found["known"], found["days"], found["working_days"]) == (False, [], 260)
    assert (await desk.by("ann").get(f"{PATH}/calendar", params={"year": 1})).status_code == 422


async def test_without_a_country_the_week_alone_counts(desk: Desk) -> None:
    found = done(await desk.by("ann").get(f"{PATH}/calendar", params={"year": 2026}), 200)
    assert (found["country"], found["known"], found["days"], found["working_days"]) == ("", True, [], 261)
    assert (found["week"][0], found["hours"]) == ("monday", [{"begins": "09:00:00", "ends": "18:00:00"}])
