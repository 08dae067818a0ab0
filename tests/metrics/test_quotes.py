"""Quotes as figures see them: a lane of their own."""

import asyncio
import csv
import io
from itertools import permutations

import pytest

from metrics_svc.fold import LANES
from metrics_svc.rebuild.cells import differing_cells
from tests.harness import Running
from tests.metrics.told import Deal, Quote, Story, events_of, get, hear, kpi, on, person, records


def a_quarter() -> list[Story]:
    """Four deals are quoted for; one says yes at once, one to the second version, one takes its yes back, one says nothing."""
    ann, bob = {"owner_id": person("ann")}, {"owner_id": person("bob")}
    once, twice, back, never = (Deal(key).opened(on(0)) for key in ("once", "twice", "back", "never"))
    return [
        Quote("once-1", once, list_total=100, net=80, **ann).sent(on(1)).accepted(on(5)),
        Quote("twice-1", twice, list_total=200, net=200, **ann).sent(on(2)).accepted(on(3)),
        Quote("twice-2", twice, list_total=200, net=100, **ann).sent(on(40)).accepted(on(42), **bob),
        Quote("back-1", back, list_total=50, net=50, **bob).sent(on(3)).accepted(on(4)).withdrawn(on(45)),
        Quote("never-1", never, **bob).sent(on(6)),
        once,
        twice,
        back,
        never,
    ]


async def test_how_many_quotes_are_accepted_and_how_soon(svc: Running) -> None:
    await hear(svc, events_of(a_quarter()))
    january = {"from_": "2025-01-01", "to": "2025-02-01"}
    found = await kpi(svc, "quote_to_close", **january)
    assert (found["value"], found["parts"]["accepted"], found["parts"]["quoted"]) == (0.5, 2, 4)
    assert found["parts"]["mean_days"] == pytest.approx((4 + 40) / 2)
    then = await kpi(svc, "quote_to_close", as_of="2025-01-31", **january)
    assert (then["value"], then["parts"]["accepted"]) == (0.75, 3)
    by_owner = await get(svc, "kpis/quote_to_close", by="owner", **january)
    assert {r["group"]: r["value"] for r in by_owner["rows"]} == {str(person("ann")): 1.0, str(person("bob")): 0.0}
    assert len(await records(svc, found["records"])) == found["n"]
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


async def test_how_deep_discounts_are(svc: Running) -> None:
    """A yes that is taken back is taken off when it is; whose it was is who had the deal at the yes."""
    await hear(svc, events_of(a_quarter()))
    months = await get(svc, "kpis/discount_depth", grain="month")
    parts = [(r["parts"]["discount"], r["parts"]["list_total"]) for r in months["rows"]]
    assert parts == [("20.00", "350.00"), ("100.00", "-50.00")]
    assert [r["value"] for r in months["rows"]] == [pytest.approx(20 / 350), None]
    assert (await kpi(svc, "discount_depth"))["value"] == pytest.approx(120 / 300)
    assert (await kpi(svc, "discount_depth", owner=person("bob")))["parts"] == {"discount": "100.00", "list_total": "200.00"}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_order_of_versions_is_that_of_their_times(svc: Running, order: tuple[int, ...]) -> None:
    deal = Deal("of several").opened(on(0))
    first = Quote("1", deal).sent(on(1)).accepted(on(2))
    second = Quote("2", deal, net=50).sent(on(3)).accepted(on(4)).withdrawn(on(5))
    third = Quote("3", deal, net=70).sent(on(6)).accepted(on(6))
    versions = [first, second, third]
    await hear(svc, [e for n in order for e in versions[n].events], batch=2)
    assert (await kpi(svc, "quote_to_close"))["parts"]["accepted"] == 1
    assert (await kpi(svc, "discount_depth"))["value"] == pytest.approx(0.3)
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


async def test_an_acceptance_shows_the_gates_that_it_passed_over(svc: Running) -> None:
    deal = Deal("early").opened(on(0))
    early = Quote("early-1", deal).sent(on(1)).accepted(on(2), skipped_gates=["no_decision_maker", "not_presented"])
    later = Quote("early-2", deal).sent(on(3)).accepted(on(4))
    await hear(svc, events_of([early, later, deal]), batch=1)
    async with svc.client("director") as client:
        answer = await client.get("/v1/exports/quotes")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["kind"], row["skipped_gates"]) for row in sorted(rows, key=lambda row: int(row["n"]))] == [
        ("sent", ""),
        ("accepted", "no_decision_maker;not_presented"),
        ("sent_again", ""),
        ("taken_back", ""),
        ("accepted", ""),
    ]


def decisions() -> list[Story]:
    """A manager takes 2, 4 and 30 hours, a director and finance 50; two need nobody else, and one is taken back after 9 days."""
    ann, bob = ({"owner_id": person(name)} for name in ("ann", "bob"))
    deal, hour = Deal("decided on").opened(on(0)), 1 / 24
    return [
        deal,
        Quote("by itself", deal, **ann).approved(on(1), "owner"),
        Quote("covered", deal, **bob).approved(on(2), "manager"),
        Quote("at once", deal, **ann).approved(on(3), "manager", on(3 - 2 * hour)),
        Quote("no, then yes", deal, **ann).sent_back(on(4), "manager", on(4 - 4 * hour)).approved(on(9), "manager", on(9 - 30 * hour)),
        Quote("deep", deal, **bob).approved(on(5), "director_finance", on(5 - 50 * hour)),
        Quote("taken back", deal, **bob).taken_back(on(20), "director", on(11)),
        Quote("later", deal, **ann).approved(on(40), "manager", on(39)),
    ]


async def test_how_long_approvals_of_quotes_take_for_each_tier(svc: Running) -> None:
    """From the submission to the decision, by the calendar. What nobody else decided has no time, what was taken back does not count."""
    await hear(svc, events_of(decisions()))
    january = {"from_": "2025-01-01", "to": "2025-02-01"}
    found = await kpi(svc, "quote_approval_time", **january)
    parts = found["parts"]
    assert (parts["decided"], parts["auto"], parts["auto_rate"]) == (4, 2, pytest.approx(1 / 3))
    assert {tier: parts[f"{tier}.decided"] for tier in ("owner", "manager", "director", "director_finance")} == {
        "owner": 0,
        "manager": 3,
        "director": 0,
        "director_finance": 1,
    }
    assert parts["manager.p50_hours"] == pytest.approx(4, rel=0.01)
    assert parts["manager.p90_hours"] == pytest.approx(4 + 0.8 * 26, rel=0.01)
    assert parts["director_finance.p50_hours"] == pytest.approx(50, rel=0.01)
    assert (parts["director.p50_hours"], parts["owner.p90_hours"]) == (None, None)
    assert parts["p50_hours"] == pytest.approx(17, rel=0.01)  # between 4 and 30
    assert found["value"] == pytest.approx(parts["p50_hours"] / 24)
    months = await get(svc, "kpis/quote_approval_time", grain="month")
    assert [row["parts"]["decided"] for row in months["rows"]] == [4, 1]


async def test_an_approval_of_a_quote_counts_for_who_had_the_deal(svc: Running) -> None:
    await hear(svc, events_of(decisions()))
    by_owner = await get(svc, "kpis/quote_approval_time", by="owner")
    assert {row["group"]: (row["parts"]["decided"], row["parts"]["auto"]) for row in by_owner["rows"]} == {
        str(person("ann")): (4, 1),
        str(person("bob")): (1, 1),
    }
    total = await kpi(svc, "quote_approval_time")
    listed = await records(svc, total["records"])
    assert len(listed) == total["n"] == 7
    assert {record["kind"] for record in listed} == {"deal"}
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_order_in_which_approvals_are_heard_changes_nothing(svc: Running, order: tuple[int, ...]) -> None:
    deal = Deal("decided on")
    told = [
        Quote("first", deal).approved(on(2), "manager", on(1)),
        Quote("second", deal).sent_back(on(3), "director", on(1)),
        Quote("third", deal).approved(on(1), "owner"),
    ]
    await hear(svc, events_of(told[n] for n in order), batch=1)
    async with svc.db.connection() as conn:
        found = await conn.fetch("SELECT kind, tier, wait_us / 3600000000 FROM quote_approval_fact ORDER BY n")
    assert [tuple(row) for row in found] == [("auto", "owner", None), ("approved", "manager", 24), ("rejected", "director", 48)]
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


async def test_lanes_fold_side_by_side(svc: Running) -> None:
    """While one lane is in the middle of a batch, another takes its own; a second fold of the same lane waits its turn."""
    stories = a_quarter()
    quotes = [e for s in stories if isinstance(s, Quote) for e in s.events]
    deals = [e for s in stories if isinstance(s, Deal) for e in s.events]

    async def again() -> None:
        async with svc.transaction() as tx:
            await LANES["sales"].fold(tx, Deal("later").opened(on(1)).events)

    async with svc.transaction() as tx:
        await LANES["sales"].fold(tx, deals)
        async with svc.transaction() as other:
            await asyncio.wait_for(LANES["quotes"].fold(other, quotes), 10)
        waiting = asyncio.create_task(again())
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
    await waiting
    assert (await kpi(svc, "quote_to_close"))["parts"]["quoted"] == 4
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0
