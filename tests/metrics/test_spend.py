"""What was spent on campaigns, and what a lead and an SQL cost: by source and campaign, over the leads of the period."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from metrics_svc.checks import TOTALS
from metrics_svc.facts.spend import spread
from metrics_svc.rebuild.cells import differing_cells
from tests.harness import Running
from tests.metrics.told import Lead, Spend, Story, events_of, get, hear, kpi, on, person, records

JANUARY = {"from_": "2025-01-01", "to": "2025-02-01"}
FAIR = {"campaign": "fair", "source": "trade_show", "medium": "stand"}
ADS = {"campaign": "ads", "source": "sem", "medium": "search"}


def a_winter() -> Sequence[Story]:
    """A fair in January that brought three leads, one of them an SQL in February; ads from January to February that brought one."""
    who = {"owner_id": person("ann")}
    at_fair = [Lead(f"fair {n}").captured(on(n), **FAIR, **who) for n in range(3)]
    at_fair[0].sql(on(45))
    return [
        *at_fair,
        Lead("of ads").captured(on(40), **ADS, **who),
        Lead("referred").captured(on(3), source="customer_referral", **who),
        Spend("stand", **FAIR).spent(90, date(2025, 1, 10), date(2025, 1, 12)),
        Spend("drinks", **FAIR).spent(3, date(2025, 1, 12), date(2025, 1, 12), "USD", 10).corrected(6),
        Spend("search", **ADS).spent(62, date(2025, 1, 16), date(2025, 2, 15)),
    ]


async def test_what_a_lead_and_an_sql_cost(svc: Running) -> None:
    """Of the leads captured in the period, whenever they became SQLs; sums are divided, not means of campaigns."""
    await hear(svc, events_of(a_winter()))
    lead = await kpi(svc, "cost_per_lead", **JANUARY)
    assert (lead["value"], lead["parts"]) == ("45.50", {"spent": "182.00", "captured": 4})
    sql = await kpi(svc, "cost_per_sql", **JANUARY)
    assert (sql["value"], sql["parts"]) == ("182.00", {"spent": "182.00", "sql": 1})
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


@pytest.mark.parametrize(
    ("by", "fair", "ads"), [("source", "trade_show", "sem"), ("campaign", "fair", "ads"), ("channel", "stand", "search")]
)
async def test_by_source_and_campaign(svc: Running, by: str, fair: str, ads: str) -> None:
    """Without a lead there is no cost of one: null, not 0."""
    await hear(svc, events_of(a_winter()))
    found = {r["group"]: r for r in (await get(svc, "kpis/cost_per_lead", by=by, **JANUARY))["rows"]}
    assert (found[fair]["value"], found[fair]["parts"]) == ("50.00", {"spent": "150.00", "captured": 3})
    assert (found[ads]["value"], found[ads]["parts"]) == (None, {"spent": "32.00", "captured": 0})
    alone = await kpi(svc, "cost_per_lead", **{by: fair}, **JANUARY)
    assert alone["value"] == "50.00"
    listed = await records(svc, found[fair]["records"])
    assert len(listed) == found[fair]["n"] == 3 + 3 + 1
    assert sum(Decimal(r["amount"]) for r in listed if r["measure"] == "spent") == 150


async def test_spend_counts_on_its_days_with_the_rate_of_then(svc: Running) -> None:
    await hear(svc, events_of(a_winter()))
    months = (await get(svc, "kpis/spend", grain="month"))["rows"]
    assert [(r["start"], r["value"]) for r in months] == [("2025-01-01", "182.00"), ("2025-02-01", "30.00")]
    assert (await kpi(svc, "spend", as_of="2025-01-11"))["value"] == "60.00"
    assert (await kpi(svc, "spend", campaign="fair"))["value"] == "150.00"


async def test_it_is_compared_with_what_lead_svc_has(svc: Running) -> None:
    """Whole amounts again, though each was spread over days."""
    await hear(svc, events_of(a_winter()))
    (total,) = [total for total in TOTALS if total.says == "money spent, by campaign"]
    async with svc.db.connection() as conn:
        assert [tuple(row) for row in await conn.fetch(total.sql)] == [("ads", 1, "62"), ("fair", 2, "150")]


async def test_a_correction_counts_on_the_days_of_what_it_corrects(svc: Running) -> None:
    spend = Spend("stand", **FAIR).spent(90, date(2025, 1, 10), date(2025, 1, 12))
    await hear(svc, spend.events)
    assert (await kpi(svc, "spend", **JANUARY))["value"] == "90.00"
    spend.corrected(30)
    await hear(svc, spend.events[1:])
    assert (await kpi(svc, "spend", **JANUARY))["value"] == "30.00"
    spend.corrected(0)
    await hear(svc, spend.events[2:])
    gone = await kpi(svc, "spend", **JANUARY)
    assert (gone["value"], gone["n"]) == ("0.00", 0)
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


def test_an_amount_is_spread_to_the_last_cent() -> None:
    days = list(spread(Decimal("10.00"), date(2025, 1, 1), date(2025, 1, 3)))
    assert [day.day for day, _ in days] == [1, 2, 3]
    assert [str(part) for _, part in days] == ["3.3333", "3.3333", "3.3334"]
    assert sum(part for _, part in spread(Decimal("0.01"), date(2024, 1, 1), date(2024, 12, 31))) == Decimal("0.01")


@pytest.mark.parametrize("asked", [{"by": "owner"}, {"by": "team"}, {"owner": "(none)"}])
async def test_nobody_owns_what_was_spent(svc: Running, asked: dict[str, str]) -> None:
    async with svc.client() as client:
        for path in ("kpis/cost_per_lead", "kpis/spend"):
            answer = await client.get(f"/v1/metrics/{path}", params=asked)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "no_such_dimension")


@pytest.mark.parametrize(
    ("role", "status"),
    [("marketing", 200), ("sales_ops", 200), ("auditor", 200), ("manager", 403), ("rep", 403), ("finance", 403), ("csm", 403)],
)
async def test_who_sees_all_leads_sees_their_cost(svc: Running, role: str, status: int) -> None:
    """A part of the leads against all of the money would be no cost of anything."""
    await hear(svc, events_of(a_winter()))
    async with svc.client(role, "ann") as client:
        listed = {k["name"] for k in (await client.get("/v1/metrics/kpis")).json()["items"]}
        for name in ("spend", "cost_per_lead", "cost_per_sql"):
            answers = [await client.get(f"/v1/metrics/kpis/{name}{rest}") for rest in ("", "/records")]
            assert [a.status_code for a in answers] == [status, status]
            assert (name in listed) == (status == 200)


async def test_the_funnel_of_a_campaign(svc: Running) -> None:
    await hear(svc, events_of(a_winter()))
    steps = (await get(svc, "funnel", campaign="fair", **JANUARY))["total"]["steps"]
    assert [step["n"] for step in steps[:3]] == [3, 1, 1]
    by = {line["group"]: line["steps"][0]["n"] for line in (await get(svc, "funnel", by="campaign"))["groups"]}
    assert by == {"ads": 1, "fair": 3, "(none)": 1}
