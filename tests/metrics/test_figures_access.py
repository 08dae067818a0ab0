"""Who sees which figures: by role and kind, as they are credited, through membership and accounts, and of teams with those below."""

from typing import Any
from uuid import UUID, uuid5

import pytest

from metrics_svc.figures.access import kind_of
from metrics_svc.kpi import all_measures
from shared.access import members
from shared.auth import Role
from shared.events.team import PersonAdded
from shared.ids import CLINCH, new_id
from tests.harness import Running
from tests.metrics.told import Contract, Deal, Lead, Milestone, Payment, events_of, get, hear, kpi, on, person

SALES, NORTH, SOUTH = (uuid5(CLINCH, name) for name in ("sales", "north", "south"))
SEATS = {"boss": [SALES], "mia": [SALES, NORTH], "ann": [SALES, NORTH], "cay": [SALES, SOUTH], "pia": [SALES, NORTH]}
LEADS, DEALS, CASH = "leads_captured", "win_rate", "sign_to_cash"
ACCOUNT = new_id()


async def told(svc: Running) -> dict[str, Deal]:
    """Ann and Cay each have a lead, won its deal, and are owed money."""
    svc.clock.now = on(100)
    for name, path in SEATS.items():
        await svc.hear(PersonAdded(role="rep", team_id=path[-1], team_path=path), subject=person(name))
    deals = {}
    for name, account in (("ann", ACCOUNT), ("cay", new_id())):
        who: dict[str, Any] = {"owner_id": person(name), "team_id": SEATS[name][-1]}
        lead = Lead(name).captured(on(0), account_id=account, **who)
        deal = deals[name] = Deal(name, lead, **who).opened(on(1), amount=10, account_id=account).won(on(9))
        contract = Contract(name, deal, 10).drafted(on(8))
        due = Milestone(name, 10, contract).due(on(20))
        paid = Payment(name, 4, contract).received(on(30), on(9), due, on(20))
        await hear(svc, events_of([lead, deal, contract, due, paid]))
    return deals


async def seen(svc: Running, role: str, subject: str = "") -> dict[str, int | None]:
    """How many of the two each kind of figure counts; None where it is refused."""
    found: dict[str, int | None] = {}
    async with svc.client(role, subject) as client:
        listed = {k["name"] for k in (await client.get("/v1/metrics/kpis")).json()["items"]}
        for name, measure in ((LEADS, "captured"), (DEALS, "won"), (CASH, "cash")):
            answer = await client.get(f"/v1/metrics/kpis/{name}?to=2025-12-31")
            records = await client.get(f"/v1/metrics/kpis/{name}/records?measure={measure}")
            assert answer.status_code == records.status_code
            assert (name in listed) == (answer.status_code == 200)
            found[name] = answer.json()["total"]["counts"][measure] if answer.status_code == 200 else None
            if answer.status_code == 200:
                assert len(records.json()["items"]) == found[name]
            else:
                assert "Your roles do not show figures of" in answer.json()["detail"]
        pipeline, flow = [(await client.get(f"/v1/metrics/{path}")).status_code for path in ("pipeline", "flow")]
        assert pipeline == flow == (403 if found[DEALS] is None else 200)
    return found


ALL, OWN, NOTHING = (2, 2, 2), (1, 1, 1), (0, 0, 0)


@pytest.mark.parametrize(
    ("role", "subject", "expected"),
    [
        ("director", "x", ALL),
        ("admin", "x", ALL),
        ("sales_ops", "x", ALL),
        ("ops", "x", ALL),
        ("auditor", "x", ALL),
        ("service=figures.read", "x", ALL),
        ("service=leads.read", "x", (None, None, None)),
        ("regional_head", "boss", ALL),
        ("manager", "boss", ALL),
        ("manager", "mia", OWN),
        ("rep", "ann", OWN),
        ("rep", "mia", NOTHING),
        ("kam", "cay", OWN),
        ("presales", "pia", OWN),
        ("assistant", "pia", OWN),
        ("product", "pia", OWN),
        ("marketing", "x", (2, None, None)),
        ("finance", "x", (None, None, 2)),
        ("legal", "x", (None, None, None)),
        ("support", "x", (None, None, None)),
        ("csm", "x", NOTHING),
    ],
)
async def test_figures_by_role(svc: Running, role: str, subject: str, expected: tuple[int | None, ...]) -> None:
    await told(svc)
    found = await seen(svc, role, subject)
    assert tuple(found.values()) == expected


async def test_a_part_in_a_deal_makes_no_figure_of_it(svc: Running) -> None:
    deals = await told(svc)
    async with svc.transaction() as tx:
        await members.add(tx, deals["cay"].id, person("mia"))
    assert await seen(svc, "rep", "mia") == {LEADS: 0, DEALS: 0, CASH: 0}


async def test_customer_success_sees_the_figures_of_own_accounts(svc: Running) -> None:
    await told(svc)
    async with svc.transaction() as tx:
        await members.add(tx, ACCOUNT, person("tom"), "owner")
    assert await seen(svc, "csm", "tom") == {LEADS: 1, DEALS: 1, CASH: 1}


async def test_the_past_of_an_owner_is_not_inherited(svc: Running) -> None:
    deals = await told(svc)
    deals["ann"].handed(on(50), person("mia"), NORTH)
    await hear(svc, deals["ann"].events[-1:])
    assert (await seen(svc, "rep", "ann"))[DEALS] == 1
    assert (await seen(svc, "rep", "mia"))[DEALS] == 0


async def test_marketing_sees_how_far_leads_got_and_nothing_of_their_deals(svc: Running) -> None:
    await told(svc)
    funnel = await get(svc, "funnel", role="marketing", by="owner")
    assert [s["n"] for s in funnel["total"]["steps"]] == [2] * 8 + [0]
    assert {(s["deals"], s["value"], s["deal_records"]) for s in funnel["total"]["steps"]} == {(None, None, None)}
    assert (funnel["total"]["overall"], funnel["direct"]["steps"], funnel["direct_groups"]) == (1, [], [])
    async with svc.client("marketing") as client:
        listed = (await client.get("/v1/metrics/funnel/records?step=F4")).json()["items"]
        assert [record["deals"] for record in listed] == [[], []]
        assert (await client.get("/v1/metrics/funnel/records?step=F4&of=deals")).status_code == 403
        assert (await client.get("/v1/metrics/funnel?mature_only=true")).status_code == 200
    async with svc.client("finance") as client:
        assert (await client.get("/v1/metrics/funnel")).status_code == 403


async def test_a_team_with_those_below_it(svc: Running) -> None:
    await told(svc)
    expected: dict[UUID, int] = {SALES: 2, NORTH: 1, SOUTH: 1, new_id(): 0}
    for team, n in expected.items():
        for more in ({}, {"source": "(none)"}):  # by cells, and by facts
            assert (await kpi(svc, LEADS, team=str(team), **more))["value"] == n
        assert len((await get(svc, f"kpis/{LEADS}/records", team=str(team)))["items"]) == n
        assert (await get(svc, "funnel", team=str(team)))["total"]["steps"][7]["n"] == n
        assert (await get(svc, "pipeline", team=str(team)))["total"]["total"]["n"] == 0
    assert {row["group"] for row in (await get(svc, f"kpis/{LEADS}", by="team"))["rows"]} == {str(NORTH), str(SOUTH)}


def test_every_measure_is_of_a_kind_that_some_roles_see() -> None:
    found = {name: kind_of(measure).name for name, measure in all_measures().items()}
    assert set(found.values()) == {"lead_figures", "deal_figures", "cash_figures"}
    assert {name for name, kind in found.items() if kind == "lead_figures"} == {
        *("captured", "mql", "sql", "assist", "first_mql", "mql_to_sql", "first_sql", "sql_to_deal"),
        *("lead_opened", "lead_proposal", "lead_negotiation", "lead_closing", "lead_won", "lead_reversed", "lead_paid", "lead_unpaid"),
        *("contacts", "inbound_contacts", "visits", "meetings"),
        "spent",
        *("touches", "first_touches"),
        *(
            f"{name}_{grade}"
            for name in ("responded", "not_responded", "response_time", "followed_up", "not_followed_up")
            for grade in "abc"
        ),
    }
    assert {name for name, kind in found.items() if kind == "cash_figures"} == {
        *("due", "excused", "settled", "unsettled", "cash", "cash_waited", "cash_back", "cash_back_waited")
    }
    assert Role.marketing not in kind_of(all_measures()["won"]).reached_by


@pytest.mark.parametrize(("role", "subject"), [("director", "x"), ("marketing", "x"), ("finance", "x"), ("rep", "ann"), ("rep", "nobody")])
async def test_all_figures_at_once_are_those_that_each_kpi_gives(svc: Running, role: str, subject: str) -> None:
    await told(svc)
    asked = {"from": "2025-01-01", "to": "2026-01-01", "grain": "quarter"}
    async with svc.client(role, subject) as client:
        listed = [kpi["name"] for kpi in (await client.get("/v1/metrics/kpis")).json()["items"]]
        found = (await client.get("/v1/metrics/figures", params=asked)).json()["items"]
        each = [(await client.get(f"/v1/metrics/kpis/{name}", params=asked)).json() for name in listed]
    assert listed
    assert found == each


async def test_some_figures_are_asked_by_their_names(svc: Running) -> None:
    await told(svc)
    async with svc.client("director") as client:
        found = (await client.get("/v1/metrics/figures", params={"kpi": "win_rate,leads_captured"})).json()["items"]
        assert [figure["kpi"] for figure in found] == ["leads_captured", "win_rate"]
        refused = await client.get("/v1/metrics/figures", params={"kpi": "win_rate,wins"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown_kpi")


async def test_figures_that_have_no_owner_are_left_out_when_all_are_asked_by_owner(svc: Running) -> None:
    await told(svc)
    async with svc.client("director") as client:
        names = {figure["kpi"] for figure in (await client.get("/v1/metrics/figures", params={"by": "owner"})).json()["items"]}
        assert {"win_rate", "leads_captured"} <= names
        assert names.isdisjoint({"spend", "cost_per_lead", "cost_per_sql"})
