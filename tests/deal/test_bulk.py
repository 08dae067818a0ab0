"""Acts with many deals at once: they get another owner, or are closed as lost with their quotes; the same jobs as of leads."""

from typing import Any

from deal_svc.bulk.api import OF_DEALS
from deal_svc.service import service
from shared.bulk.performing import step
from shared.events.deal import DealLost
from tests.deal.sales import Sales
from tests.harness import Running


async def bulk(sales: Sales, by: str, act: str, **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = await sales.ask(by, "POST", f"/v1/deals/bulk-{act}", body, expect=202, key=f"{act}-{by}")
    return made


async def after(sales: Sales, svc: Running, job: dict[str, Any], by: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The job when nothing is left to do, and what became of each deal."""
    while await step(svc.db, OF_DEALS, svc.clock):
        pass
    path = f"/v1/deals/bulk-jobs/{job['id']}"
    found = (await sales.ask(by, "GET", f"{path}/records"))["items"]
    return await sales.ask(by, "GET", path), {one["id"]: one for one in found}


async def test_a_manager_gives_open_deals_of_one_seller_to_another(sales: Sales, svc: Running) -> None:
    mine, bobs = [await sales.deal(name=f"Deal {n}") for n in range(2)], await sales.deal("rep:bob", name="Bob's")
    filters = {"open": "true", "owner_id": sales.id("rep:ann")}
    job = await bulk(sales, "manager:max", "assign", filter=filters, owner_id=sales.id("rep:bob"))
    over, found = await after(sales, svc, job, "manager:max")
    assert (over["state"], over["done"], over["refused"]) == ("done", 2, 0)
    assert found.keys() == {deal["id"] for deal in mine}
    assert {(await sales.read(deal))["owner_id"] for deal in [*mine, bobs]} == {sales.id("rep:bob")}
    assert (await sales.raw("manager:zoe", "GET", f"/v1/deals/bulk-jobs/{job['id']}")).status_code == 404


async def test_deals_are_lost_with_their_quotes_and_those_that_are_over_are_refused(sales: Sales, svc: Running) -> None:
    quoted, over, bobs = await sales.deal(), await sales.deal(), await sales.deal("rep:bob")
    quote = await sales.quote(quoted)
    await sales.ask("rep:ann", "POST", f"/v1/deals/{over['id']}/lose", {"reason": "no_budget"}, etag="*")
    ids = [deal["id"] for deal in (quoted, over, bobs)]
    job = await bulk(sales, "rep:ann", "lose", ids=ids, reason="competitor", competitor="Rival Ltd")
    ended, found = await after(sales, svc, job, "rep:ann")
    assert (ended["state"], ended["done"], ended["refused"]) == ("done", 1, 2)
    assert {id: (one["code"], [u["code"] for u in one["unmet"]]) for id, one in found.items()} == {
        quoted["id"]: (None, []),
        over["id"]: ("deal_not_losable", ["deal_closed"]),
        bobs["id"]: ("not_found", []),
    }
    shown = await sales.read(quoted)
    assert (shown["stage"], shown["close_reason"], shown["competitor"]) == ("lost", "competitor", "Rival Ltd")
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}"))["status"] == "withdrawn"
    assert [e.data.reason for e in await svc.told(DealLost)] == ["no_budget", "competitor"]


async def test_what_the_act_itself_refuses_in_its_body_is_refused_before_there_is_a_job(sales: Sales) -> None:
    deal = await sales.deal()
    body = {"ids": [deal["id"]], "reason": "competitor"}
    refused = await sales.ask("rep:ann", "POST", "/v1/deals/bulk-lose", body, expect=422, key="k")
    assert "Name the competitor" in refused["errors"][0]["message"]
    assert (await sales.ask("rep:ann", "GET", "/v1/deals/bulk-jobs"))["items"] == []


def test_every_act_that_is_declared_for_many_deals_has_its_route() -> None:
    from clinch.dev.acts import acts_of

    declared = {f"bulk_{act.name}_deals" for act in acts_of("deal_svc") if act.bulk}
    assert declared
    assert declared <= {route.name for router in service.routers for route in router.routes}
