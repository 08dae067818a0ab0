"""Quotes, approvals and prices on the page: shown whole to whoever sees them, decided by a button, and seen by others as it happens."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest

from tests.browser.browser import PHONE, Tab, tab
from tests.browser.conftest import Api
from tests.browser.making import Seller
from tests.browser.quoting import Made, accepted, made, submitted

WHO = [("dev-rep", "zh", "light"), ("dev-manager", "en", "dark"), ("dev-director", "en", "light"), ("dev-director", "zh", "dark")]


@pytest.fixture(scope="session")
def offer(origin: str) -> Made:
    return made(origin)


def views(offer: Made) -> list[tuple[str, str]]:
    """The address of each, and how its screenshot is called."""
    quote = offer.quote
    return [
        ("quotes", "quotes"),
        (f"quotes/{quote['id']}", "quote"),
        ("approvals?for=all", "approvals"),
        ("prices", "prices"),
        (f"prices/{offer.price_list['id']}", "price-list"),
        (f"deals/{quote['deal_id']}", "deal-with-quote"),
    ]


def state(seen: Tab, says: str) -> None:
    """Wait until the record that is shown stands so."""
    seen.page.locator("h1 .badge", has_text=says).first.wait_for()


@pytest.mark.parametrize(("person", "lang", "scheme"), WHO)
def test_every_view_is_shown_and_can_be_read_by_all(browser: Any, origin: str, offer: Made, person: str, lang: str, scheme: str) -> None:
    with tab(browser, origin, lang=lang, scheme=scheme) as seen:
        seen.sign_in(person)
        for view, name in views(offer):
            seen.settled().requests  # noqa: B018 (what the view before asked)
            seen.open(view)
            assert len(asked := seen.requests) <= 7, (view, asked)
            assert seen.page.locator(".empty[role=alert]").count() == 0, (view, seen.text())
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1360, view
            seen.shoot(f"{person.removeprefix('dev-')}-{lang}-{scheme}-{name}", whole=True)
            assert seen.inaccessible() == [], view


def test_it_is_readable_on_a_phone(browser: Any, origin: str, offer: Made) -> None:
    with tab(browser, origin, size=PHONE) as seen:
        seen.sign_in("dev-rep")
        for view, name in views(offer):
            seen.open(view)
            width = seen.page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE[0], (view, width)
            seen.shoot(f"phone-{name}", whole=True)


def test_a_quote_shows_what_it_offers_and_who_decided_what(browser: Any, origin: str, offer: Made) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open(f"quotes/{offer.quote['id']}")
        said = seen.text()
        for text in ("12 × 2", "optional", "Tax at 13%", "Payment after 90 days", "Go-live + 30 days", "first version"):
            assert text in said, text
        seen.page.get_by_text("Earlier submissions (1)").click()
        assert "Thirty days, please" in seen.page.locator("details .round").inner_text()
        steps = seen.page.locator("section > div > .round tbody tr")
        assert [row.split("\t")[0].strip() for row in steps.all_inner_texts()] == ["Sales director", "Finance", "Legal"]
        assert seen.page.locator("[data-action=decide-approved]").count() == 0, "who submitted it does not decide"


def test_what_is_approved_by_a_button_is_seen_elsewhere_as_it_happens(browser: Any, origin: str) -> None:
    quote = submitted(origin)
    with tab(browser, origin) as rep, tab(browser, origin) as manager:
        rep.sign_in("dev-rep").open(f"quotes/{quote['id']}")
        rep.page.locator(".live[data-state=live]").wait_for()
        state(rep, "Pending approval")
        manager.sign_in("dev-manager").open("approvals")
        row = manager.page.locator("tr", has=manager.page.locator(f"[data-approval='{quote['id']}']"))
        row.locator("[data-action=decide-approved]").click()
        manager.page.locator("dialog textarea[name=reason]").fill("For a reference")
        manager.shoot("approve-from-the-list")
        assert manager.inaccessible() == []
        manager.page.locator("dialog button.primary").click()
        row.wait_for(state="detached")
        state(rep, "Approved")
        assert "For a reference" in rep.page.locator(".round").first.inner_text()


def test_whoever_decided_last_is_led_back_to_what_waits(browser: Any, origin: str) -> None:
    """Legal sees a quote for as long as it waits for approval."""
    quote = submitted(origin, total_discount_percent="5", special_terms="Payment after 60 days")
    with tab(browser, origin) as seen:
        seen.allowed = {404}
        seen.sign_in("dev-legal").open(f"quotes/{quote['id']}")
        seen.page.locator("[data-action=decide-approved]").click()
        seen.page.locator("dialog button.primary").click()
        seen.page.wait_for_url("**/#/approvals")
        seen.try_to_open(f"quotes/{quote['id']}")
        seen.settled()
        assert seen.page.locator(".empty[role=alert]").count() == 1


def test_a_quote_that_is_submitted_comes_to_the_list_of_who_decides(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-manager").open("approvals?subject=deal&step=manager")
        seen.page.locator(".live[data-state=live]").wait_for()
        quote = submitted(origin)
        seen.page.locator(f"[data-approval='{quote['id']}']").wait_for()


def test_a_rejection_needs_a_comment_and_the_quote_is_a_draft_again(browser: Any, origin: str) -> None:
    quote = submitted(origin)
    with tab(browser, origin) as seen:
        seen.sign_in("dev-manager").open(f"quotes/{quote['id']}")
        seen.page.locator("[data-action=decide-rejected]").click()
        reason = seen.page.locator("dialog textarea[name=reason]")
        assert reason.evaluate("box => box.required")
        reason.fill("Less off, or two years")
        seen.page.locator("dialog button.primary").click()
        state(seen, "Draft")
        assert "Less off, or two years" in seen.page.locator(".round").first.inner_text()


def test_a_step_is_delegated_and_waits_for_who_was_named(browser: Any, origin: str, api: Api) -> None:
    quote = submitted(origin)
    director = api("dev-director").get("/v1/me").json()
    with tab(browser, origin) as seen:
        seen.sign_in("dev-manager").open(f"quotes/{quote['id']}")
        seen.page.locator("[data-action=delegate]").click()
        seen.page.locator("dialog select[name=person_id]").select_option(director["id"])
        seen.page.locator("dialog button.primary").click()
        seen.page.get_by_text(f"{director['person']['name']}, delegated").first.wait_for()
    steps = api("dev-director").get(f"/v1/quotes/{quote['id']}").json()["approval"]["steps"]
    assert [step["delegate_id"] for step in steps] == [director["id"]]


def test_today_shows_quotes_that_wait_and_decides_them(browser: Any, origin: str) -> None:
    quote = submitted(origin)
    with tab(browser, origin) as seen:
        seen.sign_in("dev-manager").settled()
        item = seen.page.locator("li", has=seen.page.locator(f"a[href='#/quotes/{quote['id']}']"))
        item.first.wait_for()
        item.locator("[data-action=decide-approved]").click()
        seen.page.locator("dialog button.primary").click()
        item.first.wait_for(state="detached")
    assert Seller(origin, "dev-rep").ask("GET", f"/v1/quotes/{quote['id']}")["status"] == "approved"


def test_costs_margins_and_floors_are_shown_to_those_who_may_know_them_alone(browser: Any, origin: str, offer: Made) -> None:
    shown = {}
    for person in ("dev-rep", "dev-manager", "dev-director"):
        with tab(browser, origin) as seen:
            seen.sign_in(person)
            pages = []
            for view in (f"quotes/{offer.quote['id']}", "prices", f"prices/{offer.price_list['id']}", f"deals/{offer.quote['deal_id']}"):
                seen.open(view)
                pages.append(seen.page.content())
            shown[person] = "".join(pages)
    for person, sees in (("dev-rep", False), ("dev-manager", False), ("dev-director", True)):
        for secret in (offer.cost, "7,654", ">Cost<", ">Floor<", "margin "):
            assert (secret in shown[person]) is sees, (person, secret)


def test_a_quote_is_drafted_changed_sent_and_linked_on_the_page(browser: Any, origin: str, api: Api) -> None:
    rep = Seller(origin, "dev-rep")
    deal, contact = rep.open_deal("Drafted on the page")
    rep.propose(deal, contact)
    rep.ask("POST", f"/v1/deals/{deal['id']}/transitions", to="negotiation")
    product = rep.ask("GET", "/v1/products?limit=1")["items"][0]
    five = f"5 {product['unit'] or ''}".strip()
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open(f"deals/{deal['id']}")
        seen.page.locator("[data-action=quote]").click()
        seen.page.locator("dialog [data-line=product_id]").select_option(product["id"])
        seen.page.locator("dialog [data-line=quantity]").fill("4")
        seen.page.locator("dialog [data-line=discount_percent]").fill("8")
        seen.shoot("draft-a-quote")
        assert seen.inaccessible() == []
        seen.page.locator("dialog button.primary").click()
        seen.page.wait_for_url("**/#/quotes/*")
        state(seen, "Draft")
        seen.settled().page.locator("[data-action=change]").click()
        seen.page.locator("dialog [data-line=quantity]").fill("5")
        seen.page.locator("dialog button.primary").click()
        seen.page.locator(f"td.num:text-is('{five}')").wait_for()
        seen.settled().page.locator("[data-action=send]").click()
        state(seen, "Sent")
        with seen.page.expect_download() as saved:
            seen.page.locator("[data-document=zh]").click()
        assert saved.value.path().read_bytes().startswith(b"%PDF")
        assert saved.value.suggested_filename.endswith("-zh.pdf")
        seen.page.locator("[data-action=link]").click()
        seen.page.locator("dialog select[name=language]").select_option("en")
        seen.page.locator("dialog button.primary").click()
        address = seen.page.locator("[data-link]").input_value()
        seen.shoot("link-made")
        seen.page.locator("dialog button.primary").click()
        seen.page.locator("[data-link-of]").wait_for()
        with tab(browser, origin) as customer:
            customer.page.goto(address)
            customer.page.get_by_text(product["name"]).first.wait_for()
    quotes = api("dev-rep").get("/v1/quotes", params={"deal_id": deal["id"], "status": "sent", "sort": "-created_at"}).json()["items"]
    assert [(line["quantity"], line["discount_percent"]) for line in quotes[0]["lines"]] == [("5", "8")]


def test_a_package_is_proposed_with_its_reasons_and_drafted(browser: Any, origin: str) -> None:
    rep = Seller(origin, "dev-rep")
    sold = rep.ask("GET", "/v1/products?limit=1")["items"][0]["line"]
    deal, _ = rep.open_deal("Proposed on the page")
    rep.ask("PATCH", f"/v1/deals/{deal['id']}", product=sold)
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open(f"deals/{deal['id']}")
        seen.page.locator("[data-action=quote]").click()
        seen.page.locator("[data-propose]").click()
        assert seen.page.locator(".reasons li").first.inner_text()
        assert seen.page.locator("dialog [data-line=product_id]").first.input_value()
        seen.shoot("proposed-package")
        assert seen.inaccessible() == []
        seen.page.locator("dialog button.primary").click()
        seen.page.wait_for_url("**/#/quotes/*")
        state(seen, "Draft")


def test_a_new_version_says_what_changed(browser: Any, origin: str) -> None:
    rep = Seller(origin, "dev-rep")
    quote = submitted(origin, total_discount_percent="5")
    other = rep.ask("POST", f"/v1/quotes/{quote['id']}/revise")
    lines = [{"product_id": quote["lines"][0]["product_id"], "quantity": "7"}]
    rep.ask("PATCH", f"/v1/quotes/{other['id']}", lines=lines, total_discount_percent="2")
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open(f"quotes/{other['id']}")
        said = seen.page.locator("ul.changes").inner_text()
        assert "Discount: 5% → 2%" in said
        assert f"{quote['lines'][0]['name']}: 3 → 7" in said
        seen.open(f"quotes/{quote['id']}")
        assert "There is a newer version" in seen.text()


def test_a_contract_that_was_voided_is_drafted_again_from_the_deal(browser: Any, origin: str, api: Api) -> None:
    deal, contract = accepted(origin)
    Seller(origin, "dev-manager").ask("POST", f"/v1/contracts/{contract['id']}/void", reason="The wrong entity")
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open(f"deals/{deal['id']}")
        again = seen.page.locator("[data-action=draft_contract_again]:not(.not-now)")
        again.wait_for()
        seen.settled()
        again.click()
        seen.page.locator(f"dd a[href^='#/contracts/']:not([href$='{contract['id']}'])").click()
        state(seen, "Draft")
        assert seen.inaccessible() == []
        seen.shoot("contract")
    made_again = api("dev-rep").get("/v1/contracts", params={"deal_id": deal["id"]}).json()["items"]
    assert sorted(one["state"] for one in made_again) == ["draft", "voided"]


def test_a_contract_in_review_is_decided_from_the_list_and_from_its_view(browser: Any, origin: str) -> None:
    _, contract = accepted(origin)
    Seller(origin, "dev-rep").ask("POST", f"/v1/contracts/{contract['id']}/submit")
    with tab(browser, origin) as legal, tab(browser, origin) as manager:
        legal.sign_in("dev-legal").open("approvals?subject=contract")
        row = legal.page.locator("tr", has=legal.page.locator(f"[data-approval='{contract['id']}']"))
        row.locator("[data-action=decide-approved]").click()
        legal.page.locator("dialog textarea[name=reason]").fill("Standard terms")
        legal.page.locator("dialog button.primary").click()
        row.wait_for(state="detached")
        manager.sign_in("dev-manager").open(f"contracts/{contract['id']}")
        manager.shoot("contract-in-review", whole=True)
        assert manager.inaccessible() == []
        manager.page.locator("[data-action=decide-rejected]").click()
        manager.page.locator("dialog textarea[name=reason]").fill("Another entity signs")
        manager.page.locator("dialog button.primary").click()
        state(manager, "Draft")


def test_the_list_is_filtered_by_the_address_and_saved_as_it_is_filtered(browser: Any, origin: str, offer: Made) -> None:
    number = offer.quote["number"]
    with tab(browser, origin) as seen:
        seen.sign_in("dev-director").open(f"quotes?q={number}&status=pending_approval")
        assert seen.page.locator("tbody tr").count() == 1
        with seen.page.expect_download() as saved:
            seen.page.locator("[data-download=csv]").click()
        rows = list(csv.DictReader(io.StringIO(saved.value.path().read_bytes().decode("utf-8-sig"), newline="")))
        assert [row["number"] for row in rows] == [number]
        with seen.page.expect_download() as saved:
            seen.page.locator("[data-download=xlsx]").click()
        assert saved.value.path().read_bytes().startswith(b"PK")
        seen.open(f"quotes?q={number}&status=sent")
        seen.page.get_by_role("link", name="Clear the filters").click()
        seen.page.locator("tbody tr").nth(1).wait_for()
    with tab(browser, origin) as rep:
        rep.sign_in("dev-rep").open("quotes")
        assert rep.page.locator("[data-download]").count() == 0


def test_operations_say_what_is_in_stock_and_let_a_price_list_hold(browser: Any, origin: str, offer: Made) -> None:
    ops = Seller(origin, "dev-ops")
    name, product = f"Spring {uuid4().hex[:6]}", offer.product
    entries = [{"product_id": product["id"], "unit_price": "9999"}]
    listed = ops.ask("POST", "/v1/price-lists", name=name, currency="CNY", channel=name, valid_from="2026-01-01", entries=entries)
    with tab(browser, origin) as seen:
        seen.sign_in("dev-ops").open("prices")
        row = seen.page.locator("tr", has=seen.page.get_by_text(product["sku"]))
        row.locator("[data-action=set_stock]").click()
        seen.page.locator("dialog input[name=stock]").fill("57")
        seen.page.locator("dialog button.primary").click()
        row.locator("td:text-is('57')").wait_for()
        seen.open(f"prices/{listed['id']}")
        seen.page.locator("[data-action=activate]").click()
        state(seen, "Active")
        seen.settled().page.locator("[data-action=revise]").click()
        seen.page.locator("dialog input[name=valid_from]").fill("2036-01-01")
        seen.page.locator("dialog button.primary").click()
        seen.page.get_by_role("heading", name=f"{name} v2").wait_for()
        assert seen.inaccessible() == []
