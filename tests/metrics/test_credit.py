"""Whom what is counted is credited to: who had the record when it happened. A change of owner moves nothing that was counted before."""

from decimal import Decimal
from typing import Any

from metrics_svc.rebuild.cells import differing_cells
from tests.harness import Running
from tests.metrics.told import Contract, Deal, Lead, Milestone, Payment, events_of, get, hear, on, person, records

ANN, BOB = person("ann"), person("bob")


async def by_owner(svc: Running, name: str, **asked: Any) -> dict[str, Any]:
    """The parts of a figure for Ann, for Bob and for nobody, of those who have any."""
    names = {str(ANN): "ann", str(BOB): "bob", "(none)": "nobody"}
    rows = (await get(svc, f"kpis/{name}", by="owner", **asked))["rows"]
    return {names[row["group"]]: row["parts"] or row["value"] for row in rows if row["n"]}


async def test_what_was_counted_stays_with_who_had_it(svc: Running) -> None:
    """Everything that Ann had goes to Bob in the end, the closed deals and the contract too."""
    svc.clock.now = on(100)
    won, lost = Deal("won", owner_id=ANN).opened(on(0), amount=100).won(on(10)), Deal("lost", owner_id=ANN).opened(on(0)).lost(on(5))
    contract = Contract("c", won, 100).drafted(on(9))
    due = Milestone("past", 60, contract).due(on(20), told_at=on(10))
    later = Milestone("future", 40, contract).due(on(60), told_at=on(10))
    paid = Payment("p", 50, contract).received(on(30), on(10), due, on(20))
    await hear(svc, events_of([won, lost, contract, due, later, paid]))
    before = {name: await by_owner(svc, name, to="2025-02-15") for name in ("win_rate", "overdue_rate", "sign_to_cash", "stage_conversion")}
    heard = [len(story.events) for story in (won, lost, contract)]
    for story in (won, lost):
        story.handed(on(50), BOB)
    contract.handed(on(50), BOB)
    await hear(svc, [e for story, n in zip((won, lost, contract), heard, strict=True) for e in story.events[n:]])
    assert {name: await by_owner(svc, name, to="2025-02-15") for name in before} == before
    owed = await by_owner(svc, "overdue_rate")
    assert {who: Decimal(parts["due"]) for who, parts in owed.items()} == {"ann": 60, "bob": 40}
    won.reversed(on(70))
    await hear(svc, won.events[-1:])
    assert await by_owner(svc, "win_rate") == {"ann": {"won": 0, "closed": 1}}
    async with svc.transaction() as tx:
        assert await differing_cells(tx) == 0


async def test_as_of_a_day_its_owners_of_then(svc: Running) -> None:
    """Of two deals that Ann opens, Bob takes one over on day 40, and wins it."""
    svc.clock.now = on(100)
    deals = [Deal(key, owner_id=ANN).opened(on(0), amount=10).moved(on(5), "proposal") for key in ("kept", "given")]
    deals[1].handed(on(40), BOB).won(on(60))
    await hear(svc, events_of(deals))
    for day, ann, bob in ((30, 2, None), (50, 1, 1), (70, 1, 0)):
        found = await by_owner(svc, "pipeline_velocity", as_of=on(day).date().isoformat())
        assert {who: parts["open_deals"] for who, parts in found.items()} == {"ann": ann} | ({} if bob is None else {"bob": bob})
        total = (await get(svc, "kpis/pipeline_velocity", as_of=on(day).date().isoformat()))["total"]
        assert total["parts"]["open_deals"] == ann + (bob or 0)
        assert len(await records(svc, total["records"])) == total["n"]
    assert await by_owner(svc, "win_rate") == {"bob": {"won": 1, "closed": 1}}
    flow = {g["group"]: g["stages"] for g in (await get(svc, "flow", by="owner"))["groups"]}
    assert [flow[str(ANN)][1]["entered"], flow[str(ANN)][1]["exits"]["won"]] == [2, 0]
    assert [flow[str(BOB)][1]["entered"], flow[str(BOB)][1]["exits"]["won"]] == [0, 1]
    now = {g["group"]: g["total"]["n"] for g in (await get(svc, "pipeline", by="owner"))["groups"]}
    assert now == {str(ANN): 1}


async def test_a_lead_of_the_pool_is_credited_to_its_first_owner(svc: Running) -> None:
    """Ann takes it from the pool; Bob gets it as an MQL, qualifies it, and sells to it. It stays one lead, of one person, at each step."""
    lead = Lead("one").captured(on(0))
    await hear(svc, lead.events)
    assert await by_owner(svc, "leads_captured") == {"nobody": 1}
    lead.assigned(on(0.05), ANN, None).mql(on(2)).assigned(on(3), BOB, None).sql(on(4))
    deal = Deal("one", lead, owner_id=BOB).opened(on(5), amount=10).won(on(9))
    await hear(svc, [*deal.events, *lead.events[1:]])
    assert await by_owner(svc, "leads_captured") == {"ann": 1}
    assert await by_owner(svc, "mql_rate") == {"ann": {"mql": 1, "captured": 1}}
    assert await by_owner(svc, "mql_to_sql") == {"ann": {"sql": 1, "mql": 1}}
    assert await by_owner(svc, "sql_to_opportunity") == {"bob": {"converted": 1, "sql": 1}}
    assert await by_owner(svc, "win_rate") == {"bob": {"won": 1, "closed": 1}}
    funnel = {g["group"]: [s["n"] for s in g["steps"]] for g in (await get(svc, "funnel", by="owner"))["groups"]}
    assert funnel == {str(ANN): [1, 1, 1, 1, 1, 1, 1, 1, 0]}
    lead.assigned(on(20), person("cat"), None)  # long converted
    before = await get(svc, "funnel", by="owner")
    await hear(svc, lead.events[-1:])
    assert await get(svc, "funnel", by="owner") == before


async def test_another_owner_of_a_won_deal_leaves_its_amount(svc: Running) -> None:
    deal = Deal("one", owner_id=ANN).opened(on(0), amount=100).won(on(10), amount=90)
    deal.amount = Decimal(100)  # what deal-svc would tell if it kept another amount than the one that was won
    deal.handed(on(20), BOB)
    await hear(svc, deal.events)
    steps = (await get(svc, "funnel"))["direct"]["steps"]
    assert [Decimal(s["value"]) for s in steps[:5]] == [90] * 5
