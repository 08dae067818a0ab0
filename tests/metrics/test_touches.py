"""Touches as figures see them: what brought leads to us, by its own campaign and channel."""

from metrics_svc.rebuild.cells import differing_cells
from tests.harness import Running
from tests.metrics.told import Lead, Story, Touch, events_of, get, hear, kpi, on, person, records

ANN, BOB = {"owner_id": person("ann")}, {"owner_id": person("bob")}


def a_month() -> list[Story]:
    anna, otto = Lead("anna").captured(on(5), campaign="spring", **ANN), Lead("otto").captured(on(6), **BOB)
    return [
        anna,
        otto,
        Touch("3", anna, on(9), campaign="summer", medium="mail", **ANN),
        Touch("1", anna, on(2), campaign="spring", **ANN),
        Touch("2", otto, on(7), campaign="spring", source="Online Ads", **BOB),
        Touch("4", anna, on(40), campaign="summer", **BOB),
    ]


async def test_touches_are_counted_by_what_they_say_themselves(svc: Running) -> None:
    await hear(svc, events_of(a_month()))
    found = await kpi(svc, "touches")
    assert (found["value"], found["parts"]) == (4, {"first": 2})
    assert {r["external_id"] for r in await records(svc, found["records"])} == {"anna", "otto"}
    by = {r["group"]: (r["value"], r["parts"]["first"]) for r in (await get(svc, "kpis/touches", by="campaign"))["rows"]}
    assert by == {"spring": (2, 2), "summer": (2, 0)}
    assert {r["group"]: r["value"] for r in (await get(svc, "kpis/touches", by="source"))["rows"]} == {"(none)": 3, "online_ads": 1}
    assert (await get(svc, "kpis/touches", role="rep", subject="ann"))["total"]["value"] == 2
    assert (await get(svc, "kpis/touches", role="marketing", from_="2025-01-01", to="2025-02-01"))["total"]["value"] == 3


async def test_the_first_touch_is_the_first_whatever_is_told_first(svc: Running) -> None:
    await hear(svc, events_of(reversed(a_month())), batch=2)
    async with svc.transaction() as db:
        rows = await db.rows("SELECT campaign FROM touch_fact WHERE n = 0 ORDER BY at")
        assert [row["campaign"] for row in rows] == ["spring", "spring"]
        assert await differing_cells(db) == 0
