"""KPIs as the API answers them: wins, losses, cycles and rates of single histories."""

from metrics_svc.rebuild.cells import differing_cells
from tests.harness import Running
from tests.metrics.told import Deal, Lead, events_of, get, hear, kpi, on, person, reached, records


async def test_a_loss_that_was_reopened_is_taken_off_when_it_was(svc: Running) -> None:
    lost = Deal("again").opened(on(0), amount=100).lost(on(5)).reopened(on(40)).won(on(70), amount=80)
    other = Deal("other").opened(on(0), amount=50).lost(on(45))
    won = Deal("won").opened(on(0)).won(on(6), amount=300)
    await hear(svc, events_of([lost, other, won]))
    found = (await get(svc, "kpis/win_rate", grain="month"))["rows"]
    assert [(r["value"], r["parts"]) for r in found] == [
        (0.5, {"won": 1, "closed": 2}),
        (None, {"won": 0, "closed": 0}),  # one lost, one loss taken back
        (1.0, {"won": 1, "closed": 1}),
    ]
    values = (await get(svc, "kpis/win_rate_value", grain="month"))["rows"]
    assert [r["parts"] for r in values] == [
        {"won": "300.00", "closed": "400.00"},
        {"won": "0.00", "closed": "-50.00"},
        {"won": "80.00", "closed": "80.00"},
    ]
    assert (await kpi(svc, "win_rate", as_of="2025-01-31"))["parts"] == {"won": 1, "closed": 2}
    for name, rows in (("win_rate", found), ("win_rate_value", values)):
        listed = [[(r["measure"], r["external_id"], r["amount"]) for r in await records(svc, row["records"])] for row in rows]
        assert listed == [
            [("lost", "again", "100.00"), ("won", "won", "300.00")],
            [("reopened", "again", "100.00"), ("lost", "other", "50.00")],
            [("won", "again", "80.00")],
        ], name


async def test_a_deal_that_was_lost_in_a_stage_leaves_its_conversion_when_it_is_reopened(svc: Running) -> None:
    """It enters again, and would count twice otherwise. The stage that it got beyond before it was lost keeps it."""
    lost = Deal("again").opened(on(0)).moved(on(3), "proposal").lost(on(5)).reopened(on(40), "proposal").moved(on(70), "negotiation")
    other = Deal("other").opened(on(0)).moved(on(4), "proposal").moved(on(6), "negotiation")
    await hear(svc, events_of([lost, other]))
    found = (await get(svc, "kpis/stage_conversion", grain="month"))["rows"]
    names = ("proposal_passed", "proposal_first", "proposal_first_reopened")
    assert [(r["parts"]["proposal"], [r["counts"][n] for n in names]) for r in found] == [
        (0.5, [1, 2, 0]),
        (None, [1, 1, 1]),  # it entered once more, and its first entry is taken off
        (None, [0, 0, 0]),
    ]
    whole = await kpi(svc, "stage_conversion")
    assert (whole["parts"]["discovery"], whole["parts"]["proposal"]) == (1.0, 1.0)
    (taken_off,) = [r for r in await records(svc, found[1]["records"]) if r["measure"] == "proposal_first_reopened"]
    assert (taken_off["external_id"], taken_off["at"]) == ("again", on(40).isoformat().replace("+00:00", "Z"))
    assert (await kpi(svc, "stage_conversion", as_of="2025-01-31"))["parts"]["proposal"] == 0.5, "until then it counts"


async def test_a_month_is_compared_with_the_month_before(svc: Running) -> None:
    sizes = {5: 100, 40: 300, 50: 100, 70: 50}  # in January, twice in February, in March
    await hear(svc, events_of([Deal(str(n)).opened(on(0)).won(on(n), amount=amount) for n, amount in sizes.items()]))
    asked = {"from_": "2025-01-01", "to": "2025-04-01"}
    found = await get(svc, "kpis/average_deal_size_change", grain="month", **asked)
    assert [(r["value"], r["parts"]) for r in found["rows"]] == [
        (None, {"average_deal_size": "100.00", "before": None}),
        (1.0, {"average_deal_size": "200.00", "before": "100.00"}),
        (-0.75, {"average_deal_size": "50.00", "before": "200.00"}),
    ]
    assert [len(await records(svc, r["records"])) for r in found["rows"]] == [r["n"] for r in found["rows"]] == [1, 3, 3]
    for seen, before in (("2025-01-31", "100.00"), ("2025-01-04", None)):
        early = await kpi(svc, "average_deal_size_change", from_="2025-02-01", to="2025-03-01", as_of=seen)
        assert early["parts"] == {"average_deal_size": None, "before": before}
    assert (await kpi(svc, "average_deal_size_change"))["value"] is None  # nothing says when the period began


async def test_mql_to_sql_is_of_mqls(svc: Running) -> None:
    """A lead that went to SQL without being an MQL is in neither part, and counts as both in the funnel."""
    mql, both, skip = (Lead(key).captured(on(0)) for key in ("mql", "both", "skip"))
    mql.mql(on(1))
    both.mql(on(1)).sql(on(2))
    skip.sql(on(2))
    await hear(svc, events_of([mql, both, skip]))
    found = await kpi(svc, "mql_to_sql")
    assert (found["value"], found["parts"]) == (0.5, {"sql": 1, "mql": 2})
    assert [reached((await get(svc, "funnel"))["total"])[step] for step in ("F1", "F2", "F3")] == [3, 3, 2]


async def test_a_sales_cycle_is_of_wins_that_lasted(svc: Running) -> None:
    kept, back = Deal("kept").opened(on(0)).won(on(10)), Deal("back").opened(on(0)).won(on(20)).reversed(on(50))
    await hear(svc, events_of([kept, back]))
    found = await kpi(svc, "sales_cycle")
    assert (found["value"], round(found["parts"]["median"])) == (10, 10)
    earlier = await kpi(svc, "sales_cycle", as_of="2025-02-01")
    assert (earlier["value"], round(earlier["parts"]["median"])) == (15, 15)
    svc.clock.now = on(60)
    assert (await kpi(svc, "pipeline_velocity"))["parts"]["cycle_days"] == 10


async def test_velocity_counts_qualified_deals(svc: Running) -> None:
    """From a lead, or beyond discovery; lost in discovery and reopened, a direct one is not qualified by that."""
    svc.clock.now = on(60)
    of_lead = Deal("of a lead", Lead("one")).opened(on(1))
    new, further = Deal("new").opened(on(1)), Deal("further").opened(on(1)).moved(on(2), "proposal").moved(on(3), "discovery")
    again = Deal("again").opened(on(1)).lost(on(2)).reopened(on(3))
    gone = Deal("gone").opened(on(1)).moved(on(2), "proposal").lost(on(4))
    await hear(svc, events_of([of_lead, new, further, again, gone]))
    assert (await kpi(svc, "pipeline_velocity"))["parts"]["open_deals"] == 2


async def test_money_is_rounded_to_the_minor_unit_of_the_currency(svc: Running, yen: Running) -> None:
    deal = Deal("one", currency="USD", fx="7.123456").opened(on(0), amount="10.01")
    for told_to, amount, weighted in ((svc, "71.31", "14.26"), (yen, "71", "14")):
        await hear(told_to, deal.events)
        total = (await get(told_to, "pipeline"))["total"]["total"]
        assert (total["amount"], total["weighted"]) == (amount, weighted)
        opened = (await get(told_to, "funnel"))["direct"]["steps"][0]
        assert opened["value"] == amount
        assert [r["amount"] for r in await records(told_to, opened["records"])] == [amount]


async def test_a_rep_sees_a_lead_without_a_deal_of_somebody_else(svc: Running) -> None:
    """Groups and what somebody sees are those of the lead at every step; a deal that they may not see is counted, not shown."""
    lead = Lead("one").captured(on(0), owner_id=person("ann"))
    deal = Deal("one", lead, owner_id=person("bob")).opened(on(1)).won(on(2), amount=10)
    await hear(svc, events_of([lead, deal]))
    own = await get(svc, "funnel", role="rep", subject="ann")
    assert [s["n"] for s in own["total"]["steps"]] == [1] * 8 + [0]
    assert [s["n"] for s in (await get(svc, "funnel", role="rep", subject="bob"))["total"]["steps"]] == [0] * 9
    shown = {who: (await get(svc, "funnel/records", step="F8", role=who, subject="ann"))["items"][0]["deals"] for who in ("rep", "admin")}
    assert [len(deals) for deals in shown.values()] == [0, 1]


async def test_a_corrected_history_takes_a_deal_to_another_lead(svc: Running) -> None:
    """Both leads are as far as their deals are now."""
    old, new = Lead("old").captured(on(0)), Lead("new").captured(on(0))
    deal = Deal("one", old).opened(on(1), amount=10).won(on(2))
    await hear(svc, events_of([old, new, deal]))
    deal.corrected(on(3), new, opened=on(1), lost=on(5))
    await hear(svc, deal.events[-1:])
    by_step = {s["step"]: s for s in (await get(svc, "funnel"))["total"]["steps"]}
    assert [(by_step[k]["n"], by_step[k]["deals"]) for k in ("F4", "F5", "F8")] == [(1, 1), (0, 0), (0, 0)]
    assert [r["external_id"] for r in await records(svc, by_step["F4"]["records"])] == ["new"]
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0
