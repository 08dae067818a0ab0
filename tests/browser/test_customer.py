"""The page of a customer's link: looked at, accepted and declined in a real browser, with a script and without."""

from typing import Any
from uuid import uuid4

from tests.browser.browser import PATIENCE, PHONE, tab
from tests.browser.making import Seller


def linked(origin: str, language: str) -> tuple[Seller, str, str]:
    """A quote of a deal in negotiation, and the address that its customer has."""
    seller = Seller(origin, "dev-rep")
    deal, contact = seller.open_deal(f"Customer {uuid4().hex[:6]}")
    seller.propose(deal, contact)
    seller.ask("POST", f"/v1/deals/{deal['id']}/transitions", to="negotiation")
    [quote] = seller.ask("GET", f"/v1/quotes?deal_id={deal['id']}")["items"]
    return seller, quote["id"], origin + seller.ask("POST", f"/v1/quotes/{quote['id']}/links", language=language)["path"]


def did(seller: Seller, quote: str) -> list[tuple[str, str | None]]:
    return [(one["did"], one["name"]) for one in seller.ask("GET", f"/v1/quotes/{quote}/evidence")["items"]]


def test_a_customer_looks_at_a_quote_on_a_phone_and_accepts_it(browser: Any, origin: str) -> None:
    """In Chinese. The page's own script tells that somebody looked; its policy lets nothing else run."""
    seller, quote, address = linked(origin, "zh")
    with tab(browser, origin, lang="zh", size=PHONE) as seen:
        with seen.page.expect_response(lambda got: got.url == f"{address}/viewed") as told:
            seen.page.goto(address)
        assert told.value.status == 204
        assert seen.inaccessible() == []
        seen.shoot("customer-quote-zh")
        form = seen.page.locator("form[action$='/accept']")
        form.get_by_label("您的姓名").fill("林涛")
        form.get_by_role("checkbox").check()
        form.get_by_role("button", name="接受报价").click()
        seen.page.locator("[role=status]").wait_for()
        assert "林涛 已于" in seen.text()
        assert seen.page.locator("form").count() == 0
        assert seen.inaccessible() == []
    assert did(seller, quote) == [("viewed", None), ("accepted", "林涛")]


def test_a_customer_without_a_script_declines_and_is_not_counted_as_looking(browser: Any, origin: str) -> None:
    seller, quote, address = linked(origin, "en")
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.locator("details summary").click()
        form = page.locator("form[action$='/decline']")
        form.locator("[name=name]").fill("Lin Tao")
        form.locator("[name=reason]").fill("Too dear")
        form.locator("[name=agreed]").check()
        form.locator("button").click()
        page.get_by_text("This quote was declined.").wait_for()
        assert page.locator("table").count() == 0, "and what was offered is not shown any more"
    finally:
        context.close()
    assert did(seller, quote) == [("declined", "Lin Tao")]
