"""What hangs on a deal is listed like everything else: in pages, each part once and in its order."""

from typing import Any

import pytest

from tests.deal.sales import Sales
from tests.harness import Running


async def paged(sales: Sales, path: str) -> list[dict[str, Any]]:
    """All items, one for each page."""
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"limit": 1}
    for _ in range(10):
        page = await sales.ask("rep:ann", "GET", path, **asked)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        asked["cursor"] = page["next_cursor"]
    raise AssertionError(f"{path} has no end")


@pytest.fixture
async def deal(sales: Sales) -> dict[str, Any]:
    return await sales.deal()


async def test_proposals_come_by_their_number(sales: Sales, deal: dict[str, Any]) -> None:
    path = f"/v1/deals/{deal['id']}/proposals"
    for n in range(12):  # 10 comes after 9, not after 1
        await sales.ask("rep:ann", "POST", path, {"title": f"Version {n}"}, expect=201)
    listed = (await sales.ask("rep:ann", "GET", path, limit=200))["items"]
    assert [one["number"] for one in listed] == list(range(1, 13))
    second = await sales.ask("rep:ann", "GET", path, limit=10)
    rest = await sales.ask("rep:ann", "GET", path, limit=10, cursor=second["next_cursor"])
    assert [one["number"] for one in second["items"] + rest["items"]] == list(range(1, 13))
    newest = await sales.ask("rep:ann", "GET", path, limit=1, sort="-number", count="exact")
    assert (newest["items"][0]["title"], newest["count"]) == ("Version 11", 12)


async def test_who_came_to_the_committee_at_the_same_time_is_there_once(sales: Sales, deal: dict[str, Any], svc: Running) -> None:
    """The test's clock stands still, so all of them tie."""
    people = {str(await sales.contact()) for _ in range(4)}
    path = f"/v1/deals/{deal['id']}/contacts"
    for contact in people:
        body = {"contact_id": contact, "committee_role": "user", "decision_maker": False}
        await sales.ask("rep:ann", "POST", path, body, expect=201)
    listed = await paged(sales, path)
    assert len({one["added_at"] for one in listed}) == 1
    assert [one["contact_id"] for one in listed] == sorted(people)


async def test_the_spin_record_is_read_by_its_part(sales: Sales, deal: dict[str, Any]) -> None:
    path = f"/v1/deals/{deal['id']}/spin"
    for part in ("situation", "problem", "problem"):
        await sales.ask("rep:ann", "POST", path, {"part": part, "text": "what they said"}, expect=201)
    assert len(await paged(sales, path)) == 3
    assert [one["part"] for one in (await sales.ask("rep:ann", "GET", path, part="problem"))["items"]] == ["problem", "problem"]


async def test_a_cursor_of_one_deal_is_refused_by_another(sales: Sales, deal: dict[str, Any]) -> None:
    path = f"/v1/deals/{deal['id']}/proposals"
    for title in ("A", "B"):
        await sales.ask("rep:ann", "POST", path, {"title": title}, expect=201)
    cursor = (await sales.ask("rep:ann", "GET", path, limit=1))["next_cursor"]
    other = await sales.deal()
    refused = await sales.ask("rep:ann", "GET", f"/v1/deals/{other['id']}/proposals", limit=1, cursor=cursor, expect=422)
    assert [one["code"] for one in refused["errors"]] == ["cursor_of_another_list"]


async def test_quotes_name_their_deals_and_deals_their_accounts(sales: Sales, deal: dict[str, Any]) -> None:
    quotes = [await sales.quote(deal) for _ in range(2)]
    page = await sales.ask("rep:ann", "GET", "/v1/quotes", embed="deal", id=",".join(one["id"] for one in quotes))
    assert {one["id"] for one in page["items"]} == {one["id"] for one in quotes}
    [named] = page["deals"]
    assert (named["id"], named["name"], named["stage"]) == (deal["id"], deal["name"], deal["stage"])
    assert (named["account_id"], named["account_name"]) == (deal["account_id"], deal["account_name"])
    listed = await sales.ask("rep:ann", "GET", "/v1/deals", embed="account")
    assert [(one["id"], one["name"]) for one in listed["accounts"]] == [(deal["account_id"], deal["account_name"])]
    assert "accounts" not in await sales.ask("rep:ann", "GET", "/v1/deals")


async def test_products_are_looked_up_by_their_ids(sales: Sales) -> None:
    await sales.product("EXTRA", line="suite", price="10")
    [sku] = [one["sku"] for one in (await sales.ask("rep:ann", "GET", "/v1/products", id=sales.products["CRM-1"]))["items"]]
    assert sku == "CRM-1"
