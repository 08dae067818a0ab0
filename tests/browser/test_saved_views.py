"""Saved views on the page: kept under a name, chosen again, shared with the team, and removed by whoever saved them."""

from typing import Any
from uuid import uuid4

import pytest

from tests.browser.browser import tab
from tests.browser.conftest import Api


@pytest.mark.parametrize(
    ("view", "kind", "chosen"),
    [("leads", "leads", {"state": "mql", "sort": "-score"}), ("pipeline", "deals", {"kind": "renewal", "sort": "expected_close_on"})],
)
def test_a_view_is_saved_chosen_again_and_removed(
    browser: Any, origin: str, api: Api, view: str, kind: str, chosen: dict[str, str]
) -> None:
    name = f"View {uuid4().hex[:6]}"
    address = "&".join(f"{key}={value}" for key, value in chosen.items())
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open(f"{view}?{address}")
        seen.page.locator("[data-action=save-view]").click()
        seen.page.locator("dialog input[name=name]").fill(name)
        assert seen.inaccessible() == []
        seen.page.locator("dialog button.primary").click()
        seen.page.locator("[data-action=remove-view]").wait_for()
        (saved,) = [one for one in api("dev-rep").get("/v1/views", params={"kind": kind}).json()["items"] if one["name"] == name]
        assert {**saved["filters"], "sort": saved["sort"]} == chosen
        assert saved["team_id"] is None
        seen.open(view)
        seen.page.locator("select[name=saved-view]").select_option(label=name)
        seen.page.locator("[data-action=remove-view]").wait_for()
        assert all(f"{key}={value}" in seen.page.url for key, value in chosen.items())
        seen.shoot(f"saved-view-{view}")
        seen.page.locator("[data-action=remove-view]").click()
        seen.page.locator("[data-action=save-view]").wait_for()
    assert name not in api("dev-rep").get("/v1/views").text


def test_a_shared_view_is_chosen_by_others_and_kept_by_its_owner(browser: Any, origin: str, api: Api) -> None:
    """The manager of the rep's team uses it; the button that removes it is the rep's alone."""
    name = f"Shared {uuid4().hex[:6]}"
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open("leads?state=sql&grade=A")
        seen.page.locator("[data-action=save-view]").click()
        seen.page.locator("dialog input[name=name]").fill(name)
        seen.page.locator("dialog input[name=shared]").check()
        seen.page.locator("dialog button.primary").click()
        seen.page.locator("[data-action=remove-view]").wait_for()
    owner = api("dev-rep").get("/v1/team/people/me").json()["name"]
    with tab(browser, origin, lang="zh") as seen:
        seen.sign_in("dev-manager").open("leads")
        seen.page.locator("select[name=saved-view]").select_option(label=f"{name} · {owner}")
        seen.page.wait_for_url("**grade=A**")
        assert "state=sql" in seen.page.url
        assert seen.page.locator("[data-action=remove-view]").count() == 0


def test_a_name_that_is_taken_is_refused_and_nothing_typed_is_lost(browser: Any, origin: str, api: Api) -> None:
    name = f"Taken {uuid4().hex[:6]}"
    made = api("dev-rep").post("/v1/views", json={"kind": "leads", "name": name, "filters": {"grade": "B"}})
    assert made.status_code == 201, made.text
    with tab(browser, origin) as seen:
        seen.allowed = {409}
        seen.sign_in("dev-rep").open("leads?grade=C")
        seen.page.locator("[data-action=save-view]").click()
        seen.page.locator("dialog input[name=name]").fill(name)
        seen.page.locator("dialog button.primary").click()
        assert "choose another one" in seen.page.locator("dialog .refusal").inner_text()
        assert seen.page.locator("dialog input[name=name]").input_value() == name
