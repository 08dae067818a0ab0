"""Leads that were merged count once, from the earliest capture on, and as before when that was undone. In whatever order it is told."""

import random
from typing import Any

import pytest

from metrics_svc.rebuild.cells import differing_cells
from metrics_svc.rebuild.log import differing_rows
from tests.harness import Running
from tests.metrics.logged import current, logged, publish
from tests.metrics.told import Deal, Lead, Story, Touch, events_of, hear, kpi, on, person

ANN = {"owner_id": person("ann")}


def stories(*, undone: bool) -> list[Story]:
    """Anna was captured twice. The second lead became a deal that was won, after contacts and touches of both."""
    first = Lead("first").captured(on(2), source="website", **ANN).contacted(on(3)).contacted(on(12))
    second = Lead("second").captured(on(9), source="referral", **ANN).mql(on(10)).contacted(on(11))
    deal = Deal("deal", second, **ANN).opened(on(20), 100).won(on(30))
    touches = [Touch("1", first, on(1), campaign="spring"), Touch("2", second, on(9), campaign="summer")]
    second.merged(on(15), first, on(2), source="website", **ANN)
    if undone:
        second.unmerged(on(16), first, on(9), source="referral", **ANN)
    return [first, second, deal, *touches]


async def figures(svc: Running) -> dict[str, Any]:
    names = ("leads_captured", "touches", "contacts_to_close", "lead_to_customer")
    found = {name: await kpi(svc, name) for name in names}
    async with svc.transaction() as db:
        assert await differing_cells(db) == 0
    early = await kpi(svc, "leads_captured", from_="2025-01-01", to="2025-01-05")
    return {"early": early["value"], "first": found["touches"]["parts"]["first"], **{name: found[name]["value"] for name in names}}


@pytest.mark.parametrize("undone", [False, True])
@pytest.mark.parametrize("seed", range(3))
async def test_merged_leads_count_once_in_whatever_order_it_is_told(svc: Running, undone: bool, seed: int) -> None:
    """Records come in any order, the events of each in their own."""
    told = stories(undone=undone)
    random.Random(seed).shuffle(told)
    await hear(svc, [event for story in told for event in story.events], batch=2 * seed + 1)
    found = await figures(svc)
    assert (found["leads_captured"], found["early"]) == ((2, 1) if undone else (1, 1)), "from the earliest capture on"
    assert (found["touches"], found["first"]) == ((2, 2) if undone else (2, 1)), "all touches, and one of them the first"
    assert found["contacts_to_close"] == (1 if undone else 3), "contacts under either lead were contacts for the deal"


@pytest.mark.parametrize("seed", range(3))
async def test_a_deal_that_names_a_merged_lead_counts_for_the_survivor_once_it_is_told(svc: Running, seed: int) -> None:
    """As if it had been the survivor's from the beginning."""
    *known, _deal, first_touch, second_touch = stories(undone=False)
    first, second = known
    late = Deal("late", first, **ANN).opened(on(20), 100).won(on(30)).now_of(on(31), second)
    told = [first, second, late, first_touch, second_touch]
    random.Random(seed).shuffle(told)
    await hear(svc, [event for story in told for event in story.events], batch=2 * seed + 1)
    found = await figures(svc)
    assert (found["leads_captured"], found["early"], found["contacts_to_close"]) == (1, 1, 3)
    assert found["lead_to_customer"] == 1


async def test_built_again_from_the_log_the_figures_are_the_same(svc: Running) -> None:
    async with logged(svc) as bus:
        told = events_of(stories(undone=False))
        await hear(svc, told)
        await publish(svc, bus, told)
        before = await figures(svc)
        async with svc.db.connection() as conn:
            await conn.execute("UPDATE projection SET version = 'older'; TRUNCATE touch_fact; UPDATE touched_lead SET merged_into = NULL")
        await current(svc)
        assert await figures(svc) == before
        assert (await differing_rows(svc.db, bus, svc.settings))[0] == 0
