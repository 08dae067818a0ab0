"""Figures through the API: business time, reversal, re-entry, money, who sees what, and what is refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from metrics_svc.rebuild.cells import differing_cells
from shared.events.deal import DealLeadJoined, DealNeedsConfirmed
from shared.events.lead import LeadConversionRefused, LeadConverted
from shared.events.team import PersonAdded
from shared.ids import new_id
from tests.harness import Running
from tests.metrics.told import Contract, Deal, Lead, Milestone, Payment, events_of, get, hear, kpi, on, person, reached, records


async def test_a_reversed_win_counts_until_its_reversal(svc: Running) -> None:
    lead = Lead("one").captured(on(0))
    deal = Deal("one", lead).opened(on(1), amount=100).won(on(10), amount=90).reversed(on(40)).won(on(50), amount=80)
    await hear(svc, events_of([lead, deal]))
    january = await kpi(svc, "win_rate", from_="2025-01-01", to="2025-02-01")
    assert (january["value"], january["counts"]) == (1.0, {"won": 1, "lost": 0, "reversed": 0, "reopened": 0})
    february = await kpi(svc, "win_rate", from_="2025-02-01", to="2025-03-01")
    assert february["counts"] == {"won": 1, "lost": 0, "reversed": 1, "reopened": 0}
    assert (february["value"], february["parts"]) == (None, {"won": 0, "closed": 0})
    for as_of, won, value in (("2025-01-15", 1, "90"), ("2025-02-15", 0, "0"), ("2025-03-01", 1, "80")):
        funnel = await get(svc, "funnel", as_of=as_of)
        step = next(s for s in funnel["total"]["steps"] if s["step"] == "F8")
        assert (step["n"], Decimal(step["value"])) == (won, Decimal(value))
        assert reached(funnel["total"])["F7"] == 1
    listed = await records(svc, (await get(svc, "funnel"))["total"]["steps"][7]["records"])
    assert [r["measure"] for r in listed] == ["lead_won", "lead_reversed", "lead_won"]


async def test_the_value_of_a_step_is_that_of_the_day(svc: Running) -> None:
    lead = Lead("one").captured(on(0))
    deal = Deal("one", lead).opened(on(1), amount=100).moved(on(5), "proposal").updated(on(20), 300).won(on(30), amount=250)
    await hear(svc, events_of([lead, deal]))
    for as_of, opened, proposal in (("2025-01-03", 100, 0), ("2025-01-10", 100, 100), ("2025-01-25", 300, 300), ("2025-03-01", 250, 250)):
        steps = (await get(svc, "funnel", as_of=as_of))["total"]["steps"]
        assert [Decimal(steps[k]["value"]) for k in (3, 4)] == [opened, proposal]
        for step, amount in ((steps[3], opened), (steps[4], proposal)):
            assert [Decimal(r["amount"]) for r in await records(svc, step["deal_records"])] == ([amount] if amount else [])


async def test_a_deal_without_an_amount_counts_at_every_step(svc: Running) -> None:
    deal = Deal("one", Lead("one").captured(on(0))).opened(on(1)).moved(on(2), "closing")
    await hear(svc, deal.events)
    assert reached((await get(svc, "funnel"))["total"])["F7"] == 0
    await hear(svc, Lead("one").captured(on(0)).events)
    assert reached((await get(svc, "funnel"))["total"])["F7"] == reached((await get(svc, "funnel", as_of="2025-01-05"))["total"])["F7"] == 1


async def test_a_cycle_whose_beginning_is_unknown_is_left_out(svc: Running) -> None:
    lead = Lead("one").captured(on(0))
    imported = Deal("imported", lead).opened(on(30), imported=True, flags=["opened_at_unknown"]).won(on(30), amount=5)
    await hear(svc, events_of([lead, imported]))
    found = await kpi(svc, "sales_cycle")
    assert (found["value"], found["parts"]["median"]) == (None, None)
    assert found["parts"]["from_lead_mean"] == 30
    assert (await kpi(svc, "win_rate"))["counts"]["won"] == 1
    await hear(svc, Deal("known").opened(on(10)).won(on(14)).events)
    assert (await kpi(svc, "sales_cycle"))["value"] == 4


async def test_quiet_events_only_show_that_a_deal_is_alive(svc: Running) -> None:
    """Together with others, alone, out of order, and before anything else is known of the deal."""
    svc.clock.now = on(40)
    deals = [Deal(str(k)).opened(on(0), amount=k) for k in range(4)]
    for deal in deals[1:]:
        deal.tell(on(30), DealNeedsConfirmed())
    deals[2].moved(on(20), "proposal")
    await hear(svc, events_of(deals[:3]))
    await hear(svc, deals[3].events[1:])
    await hear(svc, deals[3].events[:1])
    quiet = {s["stage"]: (s["n"], s["stalled"]) for s in (await get(svc, "pipeline"))["total"]["stages"]}
    assert quiet["discovery"] == (3, 1)
    assert quiet["proposal"] == (1, 0)


async def test_a_second_cycle_counts_for_conversion_and_every_stay_for_time(svc: Running) -> None:
    deal = Deal("one").opened(on(0)).moved(on(2), "proposal").moved(on(3), "discovery").moved(on(7), "proposal").lost(on(8))
    deal.reopened(on(20)).lost(on(21))
    await hear(svc, deal.events)
    assert (await kpi(svc, "stage_conversion"))["parts"]["discovery"] == 0.5
    stays = (await kpi(svc, "time_in_stage"))["parts"]
    assert stays["discovery.mean"] == pytest.approx((2 + 4 + 1) / 3)
    flow = (await get(svc, "flow"))["total"]["stages"][0]
    assert (flow["entered"], flow["exits"]["advance"], flow["exits"]["lost"]) == (3, 2, 1)


async def test_deals_without_a_lead_are_a_line_of_their_own(svc: Running) -> None:
    deal = Deal("direct").opened(on(3), amount=10).won(on(5))
    await hear(svc, events_of([deal, Contract("c", deal, 11).paid(on(9))]))
    funnel = await get(svc, "funnel")
    assert set(reached(funnel["total"]).values()) == {0}
    assert reached(funnel["direct"]) == {"F4": 1, "F5": 1, "F6": 1, "F7": 1, "F8": 1, "F9": 1}
    assert Decimal(funnel["direct"]["steps"][-1]["value"]) == 11


async def test_a_lead_that_is_only_named_does_not_count_yet(svc: Running) -> None:
    lead = Lead("late")
    deal = Deal("late", lead).opened(on(1), imported=True).won(on(1))
    await hear(svc, deal.events)
    assert set(reached((await get(svc, "funnel"))["total"]).values()) == {0}
    assert (await kpi(svc, "win_rate"))["n"] == 1
    lead.captured(on(2), source="fair")
    await hear(svc, lead.events)
    assert set(reached((await get(svc, "funnel", source="fair"))["total"]).values()) == {1, 0}
    early = (await get(svc, "kpis/sales_cycle/records", measure="won_from_lead"))["items"][0]
    assert early["days"] == -1
    assert "won_before_contact" in early["flags"]
    lead.updated(on(5), captured_at=on(0), source="web")
    await hear(svc, lead.events[1:])
    funnel = await get(svc, "funnel", by="source")
    assert [g["group"] for g in funnel["groups"]] == ["web"]
    after = (await get(svc, "kpis/sales_cycle/records", measure="won_from_lead"))["items"][0]
    assert (after["days"], "won_before_contact" in after["flags"]) == (1, False)


async def test_a_further_lead_of_a_deal_is_an_assist(svc: Running) -> None:
    first, further = Lead("first").captured(on(0)), Lead("further").captured(on(1))
    deal = Deal("one", first).opened(on(2))
    deal.tell(on(3), DealLeadJoined(lead_id=further.id, conversion_id=new_id()))
    converted = LeadConverted(
        deal_id=deal.id,
        joins_existing=True,
        conversion_id=new_id(),
        account_id=new_id(),
        account_name="A",
        contact_ids=[],
        captured_at=on(1),
        deal_name="D",
    )
    further.tell(on(3), converted)
    await hear(svc, events_of([deal, first, further]))
    line = (await get(svc, "funnel"))["total"]
    assert (line["assists"], reached(line)["F3"], reached(line)["F4"]) == (1, 2, 1)
    assert (await get(svc, "funnel"))["direct"]["assists"] == 0
    assert [r["external_id"] for r in (await get(svc, "funnel/records", step="assists"))["items"]] == ["further"]
    further.tell(on(4), LeadConversionRefused(deal_id=deal.id, reason="closed meanwhile"))
    await hear(svc, further.events[-1:])
    assert reached((await get(svc, "funnel"))["total"])["F3"] == 1


async def test_amounts_are_converted_with_the_rate_of_the_event(svc: Running) -> None:
    usd = Deal("usd", currency="USD", fx="7.1234").opened(on(0)).won(on(1), amount="100.01")
    cny = Deal("cny").opened(on(0)).won(on(1), amount="0.1")
    await hear(svc, events_of([usd, cny]))
    assert Decimal((await kpi(svc, "average_deal_size"))["value"]) == Decimal("356.26")


async def test_a_day_is_the_day_of_the_reporting_zone(shanghai: Running) -> None:
    late = Lead("late").captured(datetime(2025, 1, 31, 15, 59, 59, tzinfo=UTC))
    next_day = Lead("next").captured(datetime(2025, 1, 31, 16, 0, tzinfo=UTC))
    await hear(shanghai, events_of([late, next_day]))
    figure = await get(shanghai, "kpis/leads_captured", grain="month")
    assert [(r["start"], r["value"]) for r in figure["rows"]] == [("2025-01-01", 1), ("2025-02-01", 1)]
    by_facts = await get(shanghai, "kpis/leads_captured", grain="month", source="(none)", owner="(none)")
    assert [(r["start"], r["value"]) for r in by_facts["rows"]] == [("2025-01-01", 1), ("2025-02-01", 1)]
    listed = await get(shanghai, "kpis/leads_captured/records", to="2025-02-01")
    assert [r["external_id"] for r in listed["items"]] == ["late"]


async def test_cash(svc: Running) -> None:
    svc.clock.now = on(100)
    first, second = Milestone("1", 100).due(on(10)), Milestone("2", 50).due(on(60))
    early = Payment("early", 50).received(on(55), signed=on(5), of=second, due=on(60))
    bounced = Payment("bounced", 100).received(on(20), signed=on(0), of=first, due=on(10)).reversed(on(30))
    await hear(svc, events_of([first, second, early, bounced]))
    found = await kpi(svc, "sign_to_cash", as_of=on(25).date().isoformat())
    assert found["value"] == 20
    assert (await kpi(svc, "sign_to_cash"))["value"] == 50
    known = [(9, 0, 0, None), (10, 100, 0, None), (15, 100, 100, "1_30"), (25, 100, 0, None), (99, 150, 100, "61_90")]
    for day, due, overdue, age in known:
        parts = (await kpi(svc, "overdue_rate", as_of=on(day).date().isoformat()))["parts"]
        assert (Decimal(parts["due"]), Decimal(parts["overdue"])) == (due, overdue), day
        assert [k for k, v in parts.items() if k.startswith("overdue_") and Decimal(v)] == ([f"overdue_{age}"] if age else [])
    first.waived(on(70))
    await hear(svc, first.events[1:])
    assert (await kpi(svc, "overdue_rate"))["value"] == 0
    months = await get(svc, "kpis/overdue_rate", from_="2025-01-01", grain="month")
    assert [r["parts"]["overdue"] for r in months["rows"]] == ["100.00", "100.00", "0.00", "0.00"]
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


async def test_the_pipeline_now(svc: Running) -> None:
    svc.clock.now = on(30)
    ann = person("ann")
    old = Deal("old", owner_id=ann).opened(on(0), amount=100)
    moved = Deal("moved", owner_id=person("bob")).opened(on(10), amount=40).moved(on(29), "closing")
    await hear(svc, events_of([old, moved, Deal("lost").opened(on(1)).lost(on(2))]))
    pipeline = await get(svc, "pipeline", by="owner")
    total = pipeline["total"]["total"]
    assert (total["n"], Decimal(total["amount"]), Decimal(total["weighted"])) == (2, 140, 40)
    assert (total["mean_age_days"], total["stalled"]) == (25, 1)
    assert {g["group"]: g["total"]["n"] for g in pipeline["groups"]} == {str(ann): 1, str(person("bob")): 1}
    assert (await get(svc, "pipeline", role="rep", subject="ann"))["total"]["total"]["n"] == 1


async def test_who_sees_what(svc: Running) -> None:
    team = new_id()
    for subject, role in (("ann", "rep"), ("mia", "manager")):
        told = PersonAdded(role=role, team_id=team, team_path=[team])
        await svc.hear(told, subject=person(subject))
    owners = ("ann", "ann", "bob")
    await hear(svc, events_of(Lead(str(k)).captured(on(k), owner_id=person(o)) for k, o in enumerate(owners)))
    seen = {"admin": 3, "director": 3, "rep:ann": 2, "rep:bob": 1, "manager:mia": 2, "rep:cat": 0}
    for who, count in seen.items():
        role, _, subject = who.partition(":")
        figure = await get(svc, "kpis/leads_captured", role=role, subject=subject, by="owner")
        assert figure["total"]["value"] == count, who
        listed = await get(svc, "kpis/leads_captured/records", role=role, subject=subject)
        assert len(listed["items"]) == count
        funnel = await get(svc, "funnel", role=role, subject=subject)
        assert reached(funnel["total"])["F1"] == count
        assert len((await get(svc, "funnel/records", step="F1", role=role, subject=subject))["items"]) == count


async def test_records_come_in_pages(svc: Running) -> None:
    await hear(svc, events_of(Lead(str(k)).captured(on(k // 3)) for k in range(20)))
    listed = await records(svc, "/v1/metrics/kpis/leads_captured/records")
    assert len({r["id"] for r in listed}) == len(listed) == 20
    assert [r["at"] for r in listed] == sorted(r["at"] for r in listed)
    async with svc.client() as client:
        page = await client.get("/v1/metrics/kpis/leads_captured/records?limit=5")
        assert page.headers["link"].endswith('rel="next"')
        cursor = page.json()["next_cursor"]
        for wrong in ("kpis/leads_captured/records?cursor=x", f"kpis/mql_rate/records?cursor={cursor}"):
            assert (await client.get(f"/v1/metrics/{wrong}")).status_code == 422


async def test_mature_only_leaves_out_who_had_no_chance_yet(svc: Running) -> None:
    svc.clock.now = on(100)
    leads = [Lead(str(k)).captured(on(k)) for k in range(0, 100, 10)]
    deals = [Deal(str(k), lead).opened(on(10 * k)).won(on(10 * k + 20)) for k, lead in enumerate(leads[:3])]
    await hear(svc, events_of([*leads, *deals]))
    assert reached((await get(svc, "funnel"))["total"])["F1"] == 10
    assert reached((await get(svc, "funnel", mature_only=True))["total"])["F1"] == 8


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ("kpis/win_rate?from=2025-02-01&to=2025-02-01", "to"),
        ("kpis/win_rate?from=yesterday", "from"),
        ("kpis/win_rate?to=0", "to"),
        ("kpis/win_rate?by=colour", "by"),
        ("kpis/win_rate?grain=hour", "grain"),
        ("kpis/win_rate?sauce=email", "sauce"),
        ("kpis/win_rate?owner=ann", "owner"),
        ("kpis/win_rate?source=a&source=b", "source"),
        ("kpis/win_rate?source=", "source"),
        ("kpis/win_rate?as_of=0001-01-01", "as_of"),
        ("kpis/win_rate?from=1970-01-01&to=2020-01-01&grain=day", "grain"),
        ("kpis/overdue_rate?grain=day", "from"),
        ("kpis/win_rate/records?measure=nothing", "measure"),
        ("funnel/records", "step"),
        ("funnel/records?step=F1&line=direct", "step"),
        ("pipeline?as_of=2025-01-01", "as_of"),
    ],
)
async def test_what_is_refused(svc: Running, asked: str, pointer: str) -> None:
    async with svc.client() as client:
        answer = await client.get(f"/v1/metrics/{asked}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_an_unknown_kpi(svc: Running) -> None:
    async with svc.client() as client:
        assert (await client.get("/v1/metrics/kpis/luck")).status_code == 404
    assert {"win_rate", "overdue_rate"} <= {k["name"] for k in (await get(svc, "kpis"))["items"]}


async def test_empty_periods_have_a_row(svc: Running) -> None:
    await hear(svc, events_of([Lead("a").captured(on(0)), Lead("b").captured(on(0) + timedelta(days=70))]))
    figure = await get(svc, "kpis/leads_captured", grain="month")
    assert [r["value"] for r in figure["rows"]] == [1, 0, 1]
    listed = [await records(svc, r["records"]) for r in figure["rows"]]
    assert [len(found) for found in listed] == [1, 0, 1]


async def test_a_due_day_is_a_day_of_the_company(shanghai: Running) -> None:
    """What is paid on the due day, early or late on it, was never overdue; on the next day it was for a moment."""
    day = on(10).date()
    over = datetime(day.year, day.month, day.day, 16, tzinfo=UTC)  # the day is over in Shanghai
    triggered = [Milestone(str(n), 100).due(over, day) for n in range(3)]
    early = Payment("early", 100).received(over - timedelta(hours=23, minutes=59), signed=on(0), of=triggered[0], due=over, day=day)
    last = Payment("last", 100).received(over - timedelta(minutes=1), signed=on(0), of=triggered[1], due=over, day=day)
    late = Payment("late", 100).received(over, signed=on(0), of=triggered[2], due=over, day=day)
    await hear(shanghai, events_of([*triggered, early, last, late]))
    known = [(9, 0, 0), (10, 300, 0), (11, 300, 0)]
    for asked, due, overdue in known:
        parts = (await kpi(shanghai, "overdue_rate", as_of=on(asked).date().isoformat()))["parts"]
        assert (Decimal(parts["due"]), Decimal(parts["overdue"])) == (due, overdue), asked
    unpaid = Milestone("unpaid", 100).due(over, day)
    await hear(shanghai, unpaid.events)
    parts = [(await kpi(shanghai, "overdue_rate", as_of=on(n).date().isoformat()))["parts"]["overdue"] for n in (10, 11)]
    assert [Decimal(p) for p in parts] == [0, 100]
    async with shanghai.transaction() as tx:
        assert await differing_cells(tx) == 0
