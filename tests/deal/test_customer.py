"""What a customer does by a link: looks at the quote, accepts or declines it, once, with evidence."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.deal.sales import Sales
from tests.deal.test_quote_links import as_customer, linked, opened

YES = {"name": "Lin Tao", "agreed": "yes"}


async def said(sales: Sales, link: dict[str, Any], what: str, body: dict[str, str] | None = None, **headers: str) -> httpx.Response:
    async with as_customer(sales) as customer:
        return await customer.post(f"{link['path']}/{what}", data=body or {}, headers=headers)


async def events(sales: Sales, quote: dict[str, Any]) -> list[str]:
    async with sales.svc.db.read() as db:
        found = await db.rows("SELECT type FROM event WHERE subject = $1 ORDER BY version", quote["id"])
    return [row["type"].removeprefix("clinch.").removesuffix(".v1") for row in found]


async def evidence(sales: Sales, quote: dict[str, Any], who: str = "rep:ann") -> list[dict[str, Any]]:
    return list((await sales.ask(who, "GET", f"/v1/quotes/{quote['id']}/evidence"))["items"])


async def test_the_page_says_what_is_offered(sales: Sales) -> None:
    quote, link = await linked(sales)
    answer = await opened(sales, link["path"])
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    for text in ("Acme Ltd", "CRM-1", "11,300.00 CNY", f"{quote['number']}-1", "Accept the quote", f"{link['path']}/document"):
        assert text in answer.text, text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_page_speaks_the_language_of_the_link(sales: Sales) -> None:
    _, link = await linked(sales, language="zh")
    answer = await opened(sales, link["path"])
    assert '<html lang="zh">' in answer.text
    assert "接受报价" in answer.text


async def test_what_people_wrote_is_text_on_the_page(sales: Sales) -> None:
    product = await sales.product("TAG", line="crm", price="10")
    await sales.ask("ops", "PATCH", f"/v1/products/{product}", {"name": "<script>alert(1)</script>"}, etag="*")
    deal = await sales.deal()
    quote = await sales.quote(deal, lines=[sales.line("1", "TAG")])
    await sales.act(quote, "send")
    await sales.move(deal, "negotiation", "manager:max", reason="They know us")
    link = await sales.ask("rep:ann", "POST", f"/v1/quotes/{quote['id']}/links", {}, expect=201)
    page = (await opened(sales, link["path"])).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


async def test_a_look_is_told_once_by_link(sales: Sales) -> None:
    quote, link = await linked(sales)
    for _ in range(3):
        assert (await said(sales, link, "viewed")).status_code == 204
    again = await sales.ask("rep:ann", "POST", f"/v1/quotes/{quote['id']}/links", {}, expect=201)
    first = await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}")
    sales.svc.clock.advance(hours=1)  # type: ignore[attr-defined]
    await said(sales, again, "viewed")
    assert (await events(sales, quote)).count("quote.viewed") == 2
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}"))["viewed_at"] == first["viewed_at"] is not None


async def test_a_customer_accepts_with_name_and_tick(sales: Sales) -> None:
    quote, link = await linked(sales)
    answer = await said(sales, link, "accept", YES, **{"User-Agent": "Browser 1"})
    assert (answer.status_code, answer.headers["location"]) == (303, link["path"])
    now = await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}")
    assert now["status"] == "accepted"
    [did] = await evidence(sales, quote)
    assert (did["did"], did["name"], did["agent"], did["link_id"]) == ("accepted", "Lin Tao", "Browser 1", link["id"])
    document = await opened(sales, f"{link['path']}/document")
    assert document.headers["etag"] == f'"{did["document_hash"]}"'
    page = (await opened(sales, link["path"])).text
    assert "Lin Tao accepted this quote" in page
    assert "<form" not in page
    deal = await sales.ask("rep:ann", "GET", f"/v1/deals/{quote['deal_id']}")
    assert deal["amount"] == quote["net"]


@pytest.mark.parametrize(
    "body", [{}, {"name": "Lin Tao"}, {"agreed": "yes"}, {"name": " \t", "agreed": "yes"}, {"name": "Lin", "agreed": "no"}]
)
async def test_without_name_and_tick_nothing_is_accepted(sales: Sales, body: dict[str, str]) -> None:
    quote, link = await linked(sales)
    answer = await said(sales, link, "accept", body)
    assert answer.status_code == 422
    assert "write your name" in answer.text
    assert await evidence(sales, quote) == []


async def test_accepted_twice_at_once_is_accepted_once(sales: Sales) -> None:
    quote, link = await linked(sales)
    answers = await asyncio.gather(*[said(sales, link, "accept", YES) for _ in range(4)])
    assert {answer.status_code for answer in answers} == {303}
    assert (await events(sales, quote)).count("quote.accepted") == 1
    assert len(await evidence(sales, quote)) == 1


async def test_a_customer_declines_and_may_say_why(sales: Sales) -> None:
    quote, link = await linked(sales)
    assert (await said(sales, link, "decline", YES | {"reason": "Too dear"})).status_code == 303
    now = await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}")
    assert (now["status"], now["reason"]) == ("rejected", "Too dear")
    late = await said(sales, link, "accept", YES)
    assert late.status_code == 410
    assert "declined" in late.text


@pytest.mark.parametrize(("act", "says"), [("withdraw", "withdrawn"), ("reject", "declined")])
async def test_what_does_not_stand_shows_a_sentence_and_no_document(sales: Sales, act: str, says: str) -> None:
    quote, link = await linked(sales)
    await sales.act(quote, act, reason="Too dear")
    answer = await opened(sales, link["path"])
    assert answer.status_code == 410
    assert says in answer.text
    assert "11,300" not in answer.text
    assert (await opened(sales, f"{link['path']}/document")).status_code == 410


async def test_an_expired_quote_shows_no_document(sales: Sales) -> None:
    _, link = await linked(sales, days=90)
    sales.svc.clock.advance(days=31)  # type: ignore[attr-defined]
    answer = await opened(sales, link["path"])
    assert answer.status_code == 410
    assert "was valid until" in answer.text
    assert (await said(sales, link, "accept", YES)).status_code == 410


async def test_a_lost_deal_shows_no_document(sales: Sales) -> None:
    quote, link = await linked(sales)
    await sales.act(quote, "accept")
    deal = {"id": quote["deal_id"]}
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    answer = await opened(sales, link["path"])
    assert answer.status_code == 410
    assert "offer has ended" in answer.text


async def test_another_offer_that_was_accepted_takes_its_place(sales: Sales) -> None:
    quote, link = await linked(sales)
    other = await sales.quote({"id": quote["deal_id"]})
    await sales.act(other, "send")
    await sales.act(other, "accept")
    answer = await opened(sales, link["path"])
    assert answer.status_code == 410
    assert "Another offer" in answer.text


async def test_a_newer_version_leads_on(sales: Sales) -> None:
    quote, link = await linked(sales)
    revised = await sales.act(quote, "revise", expect=201)
    assert (await opened(sales, link["path"])).status_code == 200, "it stands until the new one is sent"
    await sales.act(revised, "send")
    answer = await opened(sales, link["path"])
    assert answer.status_code == 410
    assert "newer version" in answer.text


async def test_a_deal_that_went_back_cannot_be_answered(sales: Sales) -> None:
    quote, link = await linked(sales)
    await sales.move({"id": quote["deal_id"]}, "discovery", "manager:max", reason="Needs changed")
    page = await opened(sales, link["path"])
    assert page.status_code == 200
    assert "<form" not in page.text
    answer = await said(sales, link, "accept", YES)
    assert answer.status_code == 409
    assert await evidence(sales, quote) == []


async def test_a_secret_that_leads_nowhere_answers_nothing(sales: Sales) -> None:
    quote, link = await linked(sales)
    await sales.ask("rep:ann", "POST", f"/v1/quotes/{quote['id']}/links/revoke", {})
    for what in ("accept", "decline"):
        assert (await said(sales, link, what, YES)).status_code == 404
    assert (await said(sales, link, "viewed")).status_code == 404
    assert "quote.accepted" not in await events(sales, quote)


async def test_evidence_is_masked_for_those_who_see_deals_masked(sales: Sales) -> None:
    quote, link = await linked(sales)
    await said(sales, link, "decline", YES | {"reason": "Too dear"})
    [did] = await evidence(sales, quote, "auditor")
    assert (did["name"], did["reason"], did["address"]) == ("L*** T***", None, None)
    assert (await sales.raw("manager:zoe", "GET", f"/v1/quotes/{quote['id']}/evidence")).status_code == 404
