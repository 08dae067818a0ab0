"""Touches as figures see them: what brought leads to us, by its own campaign and channel."""

from itertools import permutations

from metrics_svc.rebuild.cells import differing_cells
from shared.events.signal import LeadSignalRecorded, LeadTouched
from tests.harness import Running
from tests.metrics.told import Lead, Story, events_of, get, hear, kpi, on, person, records

ANN, BOB = {"owner_id": person("ann")}, {"owner_id": person("bob")}


def touch(lead: Lead, key: str, day: float, **said: object) -> Story:
    """A signal of the lead that says what brought it."""
    signal = Story(key, "signal")
    named = {"lead_id": lead.id, "signal_id": signal.id, "kind": "visit"}
    signal.tell(on(day), LeadSignalRecorded.model_validate(named))
    signal.tell(on(day), LeadTouched.model_validate(named | said))
    return signal


def a_month() -> list[Story]:
    anna, otto = Lead("anna").captured(on(5), campaign="spring", **ANN), Lead("otto").captured(on(6), **BOB)
    return [
        anna,
        otto,
        touch(anna, "3", 9, campaign="summer", medium="mail", **ANN),
        touch(anna, "1", 2, campaign="spring", **ANN),
        touch(otto, "2", 7, campaign="spring", source="Online Ads", **BOB),
        touch(anna, "4", 40, campaign="summer", **BOB),
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
    for stories in list(permutations(a_month()))[::200]:
        await hear(svc, events_of(stories))
    async with svc.transaction() as db:
        rows = await db.rows("SELECT campaign FROM touch_fact WHERE n = 0 ORDER BY at")
        assert [row["campaign"] for row in rows] == ["spring", "spring"]
        assert await differing_cells(db) == 0
