"""Signing in: the sample people of a development system, and an identity provider by authorization code with PKCE."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.browser import Tab, beside, tab
from tests.browser.standin import Identity, signing_in

Provided = tuple[str, Identity]


@pytest.fixture
def provided(origin: str) -> Iterator[Provided]:
    with signing_in(origin) as given:
        yield given


def who(seen: Tab) -> str:
    return str(seen.page.locator(".who b").inner_text())


def kept(seen: Tab) -> str:
    """All that the browser stores for the page."""
    return str(seen.page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"))


def choose(seen: Tab, person: str) -> None:
    seen.page.locator(f"#{person}").click()
    seen.page.locator("nav a").first.wait_for()


def test_one_chooses_a_sample_person_and_is_the_same_after_a_reload(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.page.goto(origin)
        seen.page.locator("[data-person=dev-rep]").wait_for()
        seen.shoot("sign-in")
        assert seen.inaccessible() == []
        seen.sign_in("dev-rep")
        assert who(seen) == "Tomás Silva"
        seen.page.reload()
        seen.page.locator("nav a").first.wait_for()
        assert who(seen) == "Tomás Silva"
        assert "ey" not in kept(seen)
        seen.page.get_by_role("button", name="Sign out").click()
        seen.page.locator("[data-person=dev-rep]").wait_for()


def test_two_people_in_one_browser_never_see_what_is_the_others(browser: Any, origin: str) -> None:
    with tab(browser, origin) as rep:
        rep.sign_in("dev-rep").open("pipeline")
        other = beside(rep).sign_in("dev-rep-3").open("pipeline")
        mine, theirs = ({card.get_attribute("data-deal") for card in one.page.locator("[data-deal]").all()} for one in (rep, other))
        assert mine
        assert theirs
        assert mine.isdisjoint(theirs)
        rep.page.reload()
        rep.page.locator("[data-deal]").first.wait_for()
        assert who(rep) == "Tomás Silva"
        assert {card.get_attribute("data-deal") for card in rep.page.locator("[data-deal]").all()} == mine
        assert other.wrong == []


def test_who_signs_in_after_another_sees_nothing_of_them(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open("pipeline")
        mine = {card.get_attribute("data-deal") for card in seen.page.locator("[data-deal]").all()}
        seen.page.get_by_role("button", name="Sign out").click()
        seen.sign_in("dev-rep-3").open("pipeline")
        assert mine.isdisjoint({card.get_attribute("data-deal") for card in seen.page.locator("[data-deal]").all()})
        seen.page.go_back()
        seen.page.locator("nav a").first.wait_for()
        assert who(seen) == "Jonas Weber"


def test_the_identity_provider_brings_one_back_to_the_same_view(browser: Any, provided: Provided) -> None:
    page, identity = provided
    with tab(browser, page) as seen:
        seen.page.goto(f"{page}/#/leads?grade=A")
        choose(seen, "dev-manager")
        assert who(seen) == "Wei Jun"
        assert seen.page.url == f"{page}/#/leads?grade=A"
        assert identity.asked == ["authorization_code"]
        seen.settled()
        assert "ey" not in kept(seen)
        assert "clinch.signing-in" not in kept(seen)


def test_after_a_reload_the_provider_is_asked_by_a_redirect(browser: Any, provided: Provided) -> None:
    page, identity = provided
    with tab(browser, page) as seen:
        seen.page.goto(f"{page}/#/pipeline")
        choose(seen, "dev-rep")
        seen.page.reload()
        seen.page.locator("[data-deal]").first.wait_for()
        assert who(seen) == "Tomás Silva"
        assert identity.asked == ["authorization_code"] * 2


def test_a_token_is_renewed_and_no_refresh_token_is_used_twice(browser: Any, provided: Provided) -> None:
    page, identity = provided
    identity.lifetime = 1
    with tab(browser, page) as seen:
        seen.page.goto(page)
        choose(seen, "dev-rep")
        seen.settled()
        seen.page.wait_for_timeout(5_500)  # the page takes no token for good for less than 5 s
        seen.open("leads").open("funnel").open("pipeline")
        assert identity.asked[0] == "authorization_code"
        assert "refresh_token" in identity.asked
        assert "reused" not in identity.asked


def test_signing_out_ends_the_session_at_the_provider(browser: Any, provided: Provided) -> None:
    page, identity = provided
    with tab(browser, page) as seen:
        seen.page.goto(page)
        choose(seen, "dev-rep")
        seen.page.get_by_role("button", name="Sign out").click()
        seen.page.get_by_text("You are signed out.").wait_for()
        assert identity.cookie == {}
        seen.page.get_by_role("button", name="Sign in").click()
        choose(seen, "dev-manager")
        assert who(seen) == "Wei Jun"


def test_an_answer_that_was_not_asked_for_is_not_taken(browser: Any, provided: Provided) -> None:
    """Somebody else's code in a link (login CSRF)."""
    page, identity = provided
    with tab(browser, page) as seen:
        seen.page.goto(f"{page}/?code=theirs&state=guessed")
        seen.page.get_by_text("Signing in did not work").wait_for()
        assert identity.asked == []
        assert "code=" not in seen.page.url
        seen.page.get_by_role("button", name="Sign in").click()
        choose(seen, "dev-rep")
