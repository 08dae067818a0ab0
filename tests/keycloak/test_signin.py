"""People sign in at Keycloak in a browser, with the page's own client: authorization code with PKCE, refresh tokens good once."""

from typing import Any

import pytest

from tests.browser.browser import Tab, beside, tab
from tests.browser.test_signin import kept, who
from tests.keycloak.server import TOKEN_SECONDS
from tests.keycloak.test_tokens import PASSWORD, Reached, by_password

pytestmark = pytest.mark.usefixtures("issuer")


def enter(seen: Tab, person: str) -> None:
    """Fill in Keycloak's own form."""
    seen.page.locator("#username").fill(person)
    seen.page.locator("#password").fill(PASSWORD)
    seen.page.locator("#kc-login").click()
    seen.page.locator("nav a").first.wait_for()


def test_one_signs_in_sees_what_is_ones_own_and_signs_out(browser: Any, origin: str, realm: str, reached: Reached) -> None:
    with reached(by_password(realm, "dev-rep")) as rep:
        lead = {"source": "trade_show", "company": "Keyhole Ltd", "contact_name": "Ada Peng", "email": "ada@keycloak.example"}
        rep.post("/v1/leads", json=lead, headers={"Idempotency-Key": "keyhole"}).raise_for_status()
    with tab(browser, origin) as seen:
        seen.page.goto(f"{origin}/#/leads")
        enter(seen, "dev-rep")
        assert who(seen) == "Tomás Silva"
        seen.page.get_by_text("Keyhole Ltd").first.wait_for()
        assert seen.page.url == f"{origin}/#/leads"
        assert "ey" not in kept(seen)
        seen.page.reload()
        seen.page.locator("nav a").first.wait_for()
        assert who(seen) == "Tomás Silva"
        seen.page.get_by_role("button", name="Sign out").click()
        seen.page.get_by_role("button", name="Sign in").click()
        seen.page.locator("#username").wait_for()


def test_a_token_that_ends_is_renewed_with_a_refresh_token_that_is_good_once(browser: Any, origin: str, realm: str) -> None:
    grants: list[str] = []
    with tab(browser, origin) as seen:
        seen.page.on("request", lambda r: grants.append(r.post_data or "") if r.url == f"{realm}/token" and r.method == "POST" else None)
        seen.page.goto(origin)
        enter(seen, "dev-rep")
        for _ in range(2):
            seen.page.wait_for_timeout((TOKEN_SECONDS - 29) * 1000)
            seen.open("leads").open("today")
        renewals = [sent for sent in grants if "grant_type=refresh_token" in sent]
        assert len(renewals) >= 2
        assert len(set(renewals)) == len(renewals)
        used = dict(part.split("=", 1) for part in renewals[0].split("&"))
        answer = seen.page.request.post(f"{realm}/token", form=used)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")


def test_two_people_in_two_browsers_are_two_people(browser: Any, origin: str) -> None:
    with tab(browser, origin) as rep, tab(browser, origin) as manager:
        for seen, person in ((rep, "dev-rep"), (manager, "dev-manager")):
            seen.page.goto(origin)
            enter(seen, person)
        assert who(rep) != who(manager)
        other = beside(rep)
        other.page.goto(origin)
        other.page.locator("nav a").first.wait_for()
        assert who(other) == who(rep)


def test_a_wrong_password_stays_at_keycloak(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.page.goto(origin)
        seen.page.locator("#username").fill("dev-rep")
        seen.page.locator("#password").fill("wrong")
        seen.page.locator("#kc-login").click()
        seen.page.get_by_text("Invalid username or password").wait_for()
        assert "/realms/clinch/" in seen.page.url
