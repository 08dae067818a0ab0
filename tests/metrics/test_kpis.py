"""Each KPI against the plain reading of its formula, over random histories; figures, cells, facts and records against each other."""

import random
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise, product
from statistics import mean, median
from typing import Any

import pytest
import pytest_asyncio

from clinch.run.postgres import Postgres
from metrics_svc.facts import FACTS
from metrics_svc.figures.access import is_whole
from metrics_svc.kpi import KPIS
from metrics_svc.rebuild.cells import differing_cells
from metrics_svc.service import service
from tests.harness import Running, running
from tests.metrics.histories import EAST, WEST, Counted, World, days, random_world
from tests.metrics.told import STAGES, events_of, get, hear, kpi, on, person, records

FIRST, LAST = date(2025, 1, 20), date(2025, 3, 10)
PERIOD = {"from": FIRST.isoformat(), "to": LAST.isoformat(), "as_of": (LAST - timedelta(days=1)).isoformat()}
SEEDS = range(4)
WHOSE: dict[str, dict[str, Any]] = {
    "all": {},
    "ann": {"owner": person("ann")},
    "bob": {"owner": person("bob")},
    "east": {"team": EAST},
    "west": {"team": WEST},
}
"""The company's figures, and those credited to an owner or team."""


def ratio(part: Any, whole: Any) -> Any:
    return pytest.approx(float(part) / float(whole)) if whole > 0 and 0 <= part <= whole else None


def cents(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01"), ROUND_HALF_UP) + 0)


def shuffled(world: World, seed: int) -> list[Any]:
    """The events with those of each aggregate in order, and the aggregates in any."""
    chance = random.Random(seed)
    waiting = [list(s.events) for s in world.stories]
    order = []
    while waiting:
        story = chance.choice(waiting)
        order.append(story.pop(0))
        waiting = [s for s in waiting if s]
    return order


@pytest_asyncio.fixture(scope="module", params=SEEDS, ids=str)
async def heard(request: pytest.FixtureRequest, postgres: Postgres) -> AsyncIterator[tuple[Running, Counted]]:
    world = random_world(request.param)
    async with running(service, postgres) as svc:
        await hear(svc, shuffled(world, request.param), batch=random.Random(request.param).randrange(1, 40))
        yield svc, Counted(world, FIRST, LAST)


@pytest.fixture(params=WHOSE.values(), ids=WHOSE.keys())
def told(request: pytest.FixtureRequest, heard: tuple[Running, Counted]) -> "Told":
    svc, counted = heard
    return svc, counted.of(**request.param), PERIOD | {name: str(id) for name, id in request.param.items()}


Told = tuple[Running, Counted, dict[str, str]]
"""The service, what is to be found there, and how to ask for it."""


async def test_leads(told: Told) -> None:
    svc, counted, asked = told
    cohort = [t for t in map(counted.lead_times, counted.leads()) if counted.inside(t[0])]
    mqls, sqls = ([counted.lead_times(lead) for lead in found] for found in (counted.mqls(), counted.sqls()))
    assert (await kpi(svc, "leads_captured", **asked))["value"] == len(cohort)
    assert (await kpi(svc, "mql_rate", **asked))["value"] == ratio(len([t for t in cohort if counted.known(t[1])]), len(cohort))
    assert (await kpi(svc, "mql_to_sql", **asked))["value"] == ratio(len([t for t in mqls if counted.known(t[2])]), len(mqls))
    assert (await kpi(svc, "sql_to_opportunity", **asked))["value"] == ratio(len([t for t in sqls if counted.known(t[3])]), len(sqls))


async def test_wins(told: Told) -> None:
    svc, counted, asked = told
    (won, won_amount), (lost, lost_amount) = counted.ended("DealWon"), counted.ended("DealLost")
    back, back_amount = counted.taken_back("DealWinReversed", "DealWon")
    again, again_amount = counted.taken_back("DealReopened", "DealLost")
    won, lost, won_amount, lost_amount = won - back, lost - again, won_amount - back_amount, lost_amount - again_amount
    assert (await kpi(svc, "win_rate", **asked))["value"] == ratio(won, won + lost)
    value = await kpi(svc, "win_rate_value", **asked)
    assert value["value"] == ratio(won_amount, won_amount + lost_amount)
    assert value["parts"] == {"won": cents(won_amount), "closed": cents(won_amount + lost_amount)}
    size = (await kpi(svc, "average_deal_size", **asked))["value"]
    assert size == (cents(won_amount / won) if won > 0 and won_amount >= 0 else None)
    before = Counted(counted.world, FIRST - (LAST - FIRST), FIRST, counted.owner, counted.team)
    won_before, back_before = before.ended("DealWon"), before.taken_back("DealWinReversed", "DealWon")
    n, amount = won_before[0] - back_before[0], won_before[1] - back_before[1]
    comparable = n > 0 and amount > 0 and size is not None
    more = (won_amount / won - amount / n) / (amount / n) if comparable else None
    grown = await get(svc, "kpis/average_deal_size_change", **asked)
    assert grown["total"]["value"] == (pytest.approx(float(more)) if more is not None else None)
    assert len(await records(svc, grown["total"]["records"])) == grown["total"]["n"]
    cohort = [lead for lead in counted.leads() if counted.inside(counted.lead_times(lead)[0])]
    customers = [lead for lead in cohort if any(counted.won_now(d) for d in counted.deals_of(lead))]
    assert (await kpi(svc, "lead_to_customer", **asked))["value"] == ratio(len(customers), len(cohort))


async def test_durations(told: Told) -> None:
    svc, counted, asked = told
    wins = counted.lasting_wins()
    cycles = [days(e.time - d.opened_at) for d, e in wins]
    found = await kpi(svc, "sales_cycle", **asked)
    assert found["value"] == (pytest.approx(mean(cycles)) if cycles else None)
    assert found["parts"]["median"] == (pytest.approx(median(cycles), rel=0.011, abs=1e-3) if cycles else None)
    captured = {lead.id: counted.lead_times(lead)[0] for lead in counted.world.leads}
    from_lead = [days(e.time - captured[d.lead_id]) for d, e in wins if d.lead_id]
    assert found["parts"]["from_lead_mean"] == (pytest.approx(mean(from_lead)) if from_lead else None)
    stays = await kpi(svc, "time_in_stage", **asked)
    for stage in STAGES:
        visits = [v for v in counted.visits if v.stage == stage and counted.credited(v.left_by)]
        spent = [days(v.left - v.entered) for v in visits if v.left and counted.inside(v.left)]
        assert stays["parts"][f"{stage}.mean"] == (pytest.approx(mean(spent)) if spent else None)
        assert stays["parts"][f"{stage}.p50"] == (pytest.approx(median(spent), rel=0.011, abs=1e-3) if spent else None)


async def test_touches(told: Told) -> None:
    svc, counted, asked = told
    found = await kpi(svc, "touches", **asked)
    assert (found["value"], found["parts"]) == (len(counted.touches()), {"first": len(counted.touches(first=True))})


async def test_what_was_due_about_leads(told: Told) -> None:
    svc, counted, asked = told
    for name, stories, made in (("cadence", counted.world.follow_ups, "made"), ("first_response", counted.world.responses, "met")):
        found = await kpi(svc, name, **asked)
        by_grade = {grade: counted.prompt(stories, grade) for grade in "ABC"}
        assert {grade: (found["parts"][f"{grade}.{made}"], found["parts"][f"{grade}.due"]) for grade in "ABC"} == by_grade
        assert found["value"] == ratio(*map(sum, zip(*by_grade.values(), strict=True)))
    minutes = counted.response_minutes()
    assert found["parts"]["p50_minutes"] == (pytest.approx(median(minutes), rel=0.011) if minutes else None)


async def test_contacts(told: Told) -> None:
    svc, counted, asked = told
    kinds = [e.data.kind for e in counted.contacts()]
    found = await kpi(svc, "contacts", **asked)
    assert (found["value"], found["parts"]["visits"], found["parts"]["meetings"]) == (
        len(kinds),
        kinds.count("visit"),
        kinds.count("meeting"),
    )
    before = counted.contacts_before_wins()
    closed = await kpi(svc, "contacts_to_close", **asked)
    assert closed["value"] == (pytest.approx(mean(before)) if before else None)
    assert closed["parts"] == {"won": len(before), "contacts": sum(before)}


async def test_stages(told: Told) -> None:
    svc, counted, asked = told
    conversion = await kpi(svc, "stage_conversion", **asked)
    flow = await get(svc, "flow", **asked)
    for stage, found in zip(STAGES, flow["total"]["stages"], strict=True):
        passed, entered = counted.stage_conversion(stage)
        assert conversion["parts"][stage] == ratio(passed, entered)
        visits = [v for v in counted.visits if v.stage == stage]
        left = [v.to for v in visits if counted.inside(v.left) and counted.credited(v.left_by)]
        assert found["entered"] == len([v for v in visits if counted.inside(v.entered) and counted.credited(v.by)])
        assert {to: n for to, n in found["exits"].items() if n} == {to: left.count(to) for to in set(left)}
        assert found["rate"] == ratio(len([to for to in left if to in ("advance", "skip", "won")]), len(left))


async def test_velocity(told: Told) -> None:
    svc, counted, asked = told
    recent = Counted(counted.world, LAST - timedelta(days=90), LAST, counted.owner, counted.team)
    open_now = counted.open_qualified()
    found = await kpi(svc, "pipeline_velocity", **asked)
    assert found["parts"]["open_deals"] == open_now
    (won, amount), (lost, _) = (recent.ended(n) for n in ("DealWon", "DealLost"))
    back, taken = recent.taken_back("DealWinReversed", "DealWon")
    lost -= recent.taken_back("DealReopened", "DealLost")[0]
    cycles = [days(e.time - d.opened_at) for d, e in recent.lasting_wins()]
    if won - back > 0 and lost >= 0 and amount >= taken:
        rate = (won - back) / (won - back + lost)
        velocity = open_now * rate * float(amount - taken) / (won - back) / mean(cycles)
        assert float(found["value"]) == pytest.approx(velocity, abs=0.006)
    else:
        assert found["value"] is None


async def test_money(told: Told) -> None:
    svc, counted, asked = told
    svc.clock.now = on(300)
    due, overdue = counted.due()
    found = await kpi(svc, "overdue_rate", **asked)
    assert (found["parts"]["due"], found["parts"]["overdue"]) == (cents(due), cents(overdue))
    assert found["value"] == ratio(overdue, due)
    cash = counted.cash()
    total = sum((amount for amount, _ in cash), Decimal(0))
    waited = sum(float(amount) * waited for amount, waited in cash)
    assert (await kpi(svc, "sign_to_cash", **asked))["value"] == (pytest.approx(waited / float(total)) if total > 0 else None)


async def test_cells_are_what_the_facts_say(heard: tuple[Running, Counted]) -> None:
    svc, _ = heard
    async with svc.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM cell WHERE n <> 0") > 100
        assert await differing_cells(tx) == 0


async def test_both_ways_of_reading_agree(heard: tuple[Running, Counted]) -> None:
    """By two dimensions at once the facts are read, by one the cells."""
    svc, _ = heard
    names = [k["name"] for k in (await get(svc, "kpis"))["items"] if not is_whole(KPIS[k["name"]].parts)]
    for asked in ({}, PERIOD):
        for name, by in product(names, ("owner", "team")):
            cells = (await get(svc, f"kpis/{name}", by=by, **asked))["rows"]
            facts = [await get(svc, f"kpis/{name}", by="source", **{by: row["group"]}, **asked) for row in cells]
            assert [(f["total"]["value"], f["total"]["parts"], f["total"]["n"]) for f in facts] == [
                (row["value"], row["parts"], row["n"]) for row in cells
            ]
        from_cells = await get(svc, "kpis/win_rate", grain="week", by="owner", **asked)
        from_facts = await get(svc, "kpis/win_rate", grain="week", product="crm", by="owner", **asked)  # they all sell it
        weeks = [[(r["start"], r["group"], r["value"], r["n"]) for r in found["rows"]] for found in (from_cells, from_facts)]
        assert weeks[0] == weeks[1] != []


async def test_figures_list_their_records(heard: tuple[Running, Counted]) -> None:
    svc, _ = heard
    for name in (
        "win_rate",
        "mql_rate",
        "stage_conversion",
        "pipeline_velocity",
        "contacts",
        "contacts_to_close",
        "stalled_deals",
        "touches",
    ):
        figure = await get(svc, f"kpis/{name}", by="source", **PERIOD)
        for row in [figure["total"], *figure["rows"]]:
            listed = await records(svc, row["records"])
            assert len(listed) == row["n"]
            assert {m: len([r for r in listed if r["measure"] == m]) for m in row["counts"]} == row["counts"]


async def test_funnel(told: Told) -> None:
    """Leads at every step, each once, at its furthest deal; their deals beside it."""
    svc, counted, asked = told
    funnel = await get(svc, "funnel", **asked)
    cohort = [lead for lead in counted.leads() if counted.inside(counted.lead_times(lead)[0])]
    steps = {s["step"]: s for s in funnel["total"]["steps"]}
    times = [counted.lead_times(lead) for lead in cohort]
    assert [steps[f"F{k}"]["n"] for k in (1, 2, 3)] == [len([t for t in times if counted.known(t[k])]) for k in range(3)]
    assert {steps[f"F{k}"]["deals"] for k in (1, 2, 3)} == {None}
    for k in range(4, 10):
        deals = [counted.at_step(counted.deals_of(lead), k) for lead in cohort]
        assert steps[f"F{k}"]["n"] == len([1 for of_lead in deals if of_lead])
        assert steps[f"F{k}"]["deals"] == sum(map(len, deals))
        if k < 8:
            value = sum((counted.worth(d) for of_lead in deals for d in of_lead), Decimal(0))
            assert steps[f"F{k}"]["value"] == cents(value)
    direct = counted.direct()
    assert [s["n"] for s in funnel["direct"]["steps"]] == [len(counted.at_step(direct, k)) for k in range(4, 10)]
    for line in ("total", "direct"):
        n = [s["n"] for s in funnel[line]["steps"]]
        assert [s["conversion"] for s in funnel[line]["steps"][:-1]] == [ratio(b, a) for a, b in pairwise(n)]


async def test_funnel_records(heard: tuple[Running, Counted]) -> None:
    svc, counted = heard
    funnel = await get(svc, "funnel", **PERIOD)
    for step in (*funnel["total"]["steps"], *funnel["direct"]["steps"]):
        for link, n in ((step["records"], step["n"]), (step["deal_records"], step["deals"])):
            listed = await records(svc, link) if link else []
            minus = [r for r in listed if r["measure"].endswith(("_reversed", "_unpaid"))]
            assert len(listed) - 2 * len(minus) == (n or 0)
    for record in await records(svc, funnel["total"]["steps"][3]["records"]):
        lead = next(found for found in counted.world.leads if str(found.id) == record["id"])
        assert record["kind"] == "lead"
        assert {d["external_id"] for d in record["deals"]} == {d.key for d in counted.deals_of(lead) if counted.known(d.opened_at)}


async def test_lines_add_up(heard: tuple[Running, Counted]) -> None:
    """By any dimension, from cells and from facts: no conversion above 1, and the lines sum to the total."""
    svc, _ = heard
    for asked in ({}, PERIOD):
        for by in ("source", "owner", "product"):
            funnel = await get(svc, "funnel", by=by, **asked)
            for total, groups in (("total", "groups"), ("direct", "direct_groups")):
                for k, step in enumerate(funnel[total]["steps"]):
                    here = [g["steps"][k] for g in funnel[groups]]
                    assert sum(s["n"] for s in here) == step["n"]
                    assert sum(s["deals"] or 0 for s in here) == (step["deals"] or 0)
                    assert all(0 <= s["conversion"] <= 1 for s in here if s["conversion"] is not None)


async def test_any_order_and_any_batches_give_the_same(svc: Running, other: Running) -> None:
    """One event at a time, and everything at once: the same facts and the same cells."""
    world = random_world(99)
    await hear(svc, shuffled(world, 1), batch=1)
    await hear(other, events_of(world.stories), batch=5000)
    keys = {fact.name: ", ".join(fact.key) for fact in FACTS.values()}
    found = []
    for told_to in (svc, other):
        async with told_to.db.connection() as conn:
            rows = [await conn.fetch(f"SELECT * FROM {name} ORDER BY {key}") for name, key in keys.items()]
            rows.append(await conn.fetch("SELECT * FROM cell WHERE n <> 0 OR amount <> 0 OR us <> 0 ORDER BY 1, 2, 3, 4, 5"))
            rows.append(await conn.fetch("SELECT * FROM cell_bucket WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5, 6"))
        found.append([[tuple(row) for row in of_table] for of_table in rows])
    assert found[0] == found[1]
    assert all(len(of_table) > 10 for name, of_table in zip(keys, found[0], strict=False) if name in ("visit_fact", "outcome_fact"))


async def test_rep_and_owner_see_the_same(heard: tuple[Running, Counted]) -> None:
    """A rep's figure is the company's, filtered by the rep."""
    svc, _ = heard
    ann = str(person("ann"))
    for name in ("leads_captured", "win_rate", "sales_cycle", "mql_rate"):
        own = await get(svc, f"kpis/{name}", role="rep", subject="ann", **PERIOD)
        company = await get(svc, f"kpis/{name}", owner=ann, **PERIOD)
        assert (own["total"]["value"], own["total"]["counts"]) == (company["total"]["value"], company["total"]["counts"])
    listed = await get(svc, "kpis/win_rate/records", role="rep", subject="ann", limit=200)
    assert {r["owner_id"] for r in listed["items"]} == {ann}
