"""Work done on the page: deals moved by their buttons or refused with reasons, the work of others as it happens, and nothing of theirs."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.browser.browser import Tab, tab
from tests.browser.conftest import Api


def deals(api: Api, person: str) -> list[dict[str, Any]]:
    found = api(person).get("/v1/deals", params={"open": "true", "limit": 200}).raise_for_status().json()["items"]
    return list(found)


def advance(deal: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in deal["allowed_actions"] if one["action"] == "advance")
    return found


def column(seen: Tab, deal: str) -> str:
    return str(seen.page.locator(f"[data-deal='{deal}']").locator("xpath=ancestor::section[1]").get_attribute("data-stage"))


def test_a_deal_is_moved_by_its_button(browser: Any, origin: str, api: Api) -> None:
    deal = next(one for one in deals(api, "dev-director") if advance(one)["allowed"] and one["stage"] == "proposal")
    with tab(browser, origin) as seen:
        seen.sign_in("dev-director").open("pipeline")
        assert column(seen, deal["id"]) == "proposal"
        seen.page.locator(f"[data-deal='{deal['id']}'] [data-action=advance]").click()
        seen.page.locator(f"[data-stage=negotiation] [data-deal='{deal['id']}']").wait_for()
    assert api("dev-director").get(f"/v1/deals/{deal['id']}").json()["stage"] == "negotiation"


def test_a_deal_that_cannot_move_yet_says_what_is_missing(browser: Any, origin: str, api: Api) -> None:
    deal = next(one for one in deals(api, "dev-director") if not advance(one)["allowed"] and one["stage"] in ("discovery", "proposal"))
    with tab(browser, origin) as seen:
        seen.sign_in("dev-director").open("pipeline")
        seen.page.locator(f"[data-deal='{deal['id']}'] [data-action=advance]").click()
        said = seen.page.locator("dialog li").all_inner_texts()
        assert said == [unmet["message"] for unmet in advance(deal)["unmet"]] != []
        seen.shoot("refused")
        assert seen.inaccessible() == []
        seen.page.get_by_role("button", name="Understood").click()
        assert column(seen, deal["id"]) == deal["stage"]


def test_what_is_missing_is_said_in_chinese_too(browser: Any, origin: str, api: Api) -> None:
    deal = next(one for one in deals(api, "dev-director") if not advance(one)["allowed"] and one["stage"] in ("discovery", "proposal"))
    words = api("dev-director").get("/v1/labels", params={"lang": "zh"}).json()["groups"]["guard"]
    with tab(browser, origin, lang="zh") as seen:
        seen.sign_in("dev-director").open("pipeline")
        seen.page.locator(f"[data-deal='{deal['id']}'] [data-action=advance]").click()
        assert seen.page.locator("dialog li").all_inner_texts() == [words[unmet["code"]] for unmet in advance(deal)["unmet"]]
        assert "暂时不能执行" in seen.page.locator("dialog .refusal p").inner_text()
        seen.shoot("refused-zh")


def test_whoever_was_slower_is_told_and_sees_the_deal_as_it_is(browser: Any, origin: str, api: Api) -> None:
    """The change of the other one comes while the page is cut off from news, so its version is old."""
    deal = next(one for one in deals(api, "dev-director") if one["stage"] == "discovery")
    with tab(browser, origin) as seen:
        seen.page.route("**/v1/stream*", lambda route: route.abort())
        seen.allowed = {412}
        seen.sign_in("dev-director").open("pipeline")
        done = api("dev-director").put(
            f"/v1/deals/{deal['id']}/next-step", json={"what": "Meanwhile", "due_at": "2035-01-01T09:00:00Z"}, headers={"If-Match": "*"}
        )
        assert done.status_code == 200, done.text
        card = seen.page.locator(f"[data-deal='{deal['id']}']")
        card.locator("[data-action=lose]").click()
        seen.page.locator("dialog select[name=reason]").select_option("price")
        seen.page.locator("dialog button.primary").click()
        seen.page.locator("dialog .refusal").wait_for()
        assert "Somebody changed it meanwhile" in seen.page.locator("dialog .refusal").inner_text()
        seen.wrong = [text for text in seen.wrong if "stream" not in text and "ERR_FAILED" not in text]
    assert api("dev-director").get(f"/v1/deals/{deal['id']}").json()["stage"] == "discovery"


def test_what_others_do_is_seen_as_it_happens(browser: Any, origin: str, api: Api) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open("leads")
        seen.page.locator(".live[data-state=live]").wait_for()
        name = f"Live {uuid4().hex[:6]}"
        me = api("dev-rep").get("/v1/me").json()["id"]
        made = api("dev-rep").post("/v1/leads", json={"source": "trade_show", "company": name, "owner_id": me})
        assert made.status_code == 201, made.text
        seen.page.get_by_role("link", name=name).wait_for()


def test_what_is_to_be_done_comes_to_today_and_leaves_it_when_it_is_done(browser: Any, origin: str, api: Api) -> None:
    me = api("dev-rep").get("/v1/me").json()["id"]
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").settled()
        seen.page.locator(".live[data-state=live]").wait_for()
        lists = [path.partition("?")[0] for path in seen.requests if "?" in path]
        assert (lists.count("/v1/tasks"), lists.count("/v1/day")) == (1, 1), lists
        assert not {"/v1/leads/tasks", "/v1/contracts/approvals", "/v1/contracts"} & {*lists}
        name = f"Urgent {uuid4().hex[:6]}"
        lead = api("dev-director").post("/v1/leads", json={"source": "trade_show", "company": name, "owner_id": me}).json()["id"]
        plan = api("dev-rep").put(f"/v1/leads/{lead}/follow-up", json={"due_at": _soon(seen)})
        assert plan.status_code == 200, plan.text
        shown = seen.page.get_by_role("link", name=name)
        shown.first.wait_for()
        assert shown.first.get_attribute("href") == f"#/leads/{lead}"
        api("dev-rep").post(f"/v1/leads/{lead}/disqualify", json={"reason": "no_budget"}).raise_for_status()
        shown.first.wait_for(state="detached")


def _soon(seen: Tab) -> str:
    """Before all else that is due: the list shows the most urgent."""
    return str(seen.page.evaluate("new Date(Date.now() + 60_000).toISOString()"))


def test_a_tab_that_nobody_looks_at_goes_on_where_it_was(browser: Any, origin: str, api: Api) -> None:
    """Browsers open six connections to a host: a stream for each open tab would stop all others."""
    hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    hide += " document.dispatchEvent(new Event('visibilitychange')) }"
    me = api("dev-rep").get("/v1/me").json()["id"]
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open("leads")
        seen.page.locator(".live[data-state=live]").wait_for()
        with seen.page.expect_event("requestfailed", lambda request: "/v1/stream" in request.url):
            seen.page.evaluate(hide, True)
        name = f"Hidden {uuid4().hex[:6]}"
        api("dev-rep").post("/v1/leads", json={"source": "trade_show", "company": name, "owner_id": me}).raise_for_status()
        seen.page.evaluate(hide, False)
        seen.page.get_by_role("link", name=name).wait_for()


def test_a_form_is_filled_in_and_what_is_refused_is_kept(browser: Any, origin: str, api: Api) -> None:
    me = api("dev-rep").get("/v1/me").json()["id"]
    lead = (
        api("dev-rep").post("/v1/leads", json={"source": "trade_show", "company": f"Form {uuid4().hex[:6]}", "owner_id": me}).json()["id"]
    )
    with tab(browser, origin) as seen:
        seen.allowed = {422}
        seen.sign_in("dev-rep").open(f"leads/{lead}")
        seen.page.locator("[data-action=disqualify]").click()
        seen.page.locator("dialog select[name=reason]").select_option("other")
        seen.allowed = {409, 422}
        seen.page.locator("dialog button.primary").click()
        seen.page.locator("dialog .refusal").wait_for()
        assert seen.page.locator("dialog select[name=reason]").input_value() == "other"
        seen.page.locator("dialog textarea[name=note]").fill("They moved abroad.")
        seen.page.locator("dialog button.primary").click()
        seen.page.locator("h1 .badge", has_text="Disqualified").wait_for()
    assert api("dev-rep").get(f"/v1/leads/{lead}").json()["note"] == "They moved abroad."


def test_a_file_is_attached_saved_and_removed(browser: Any, origin: str, api: Api, tmp_path: Path) -> None:
    me = api("dev-rep").get("/v1/me").json()["id"]
    given = {"source": "trade_show", "company": f"Files {uuid4().hex[:6]}", "owner_id": me}
    lead = api("dev-rep").post("/v1/leads", json=given).json()["id"]
    (tmp_path / "parts.csv").write_bytes(b"name,pieces\nbolt,40\n")
    (tmp_path / "run.exe").write_bytes(b"MZ")
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open(f"leads/{lead}")
        seen.page.locator("input[type=file]").set_input_files(tmp_path / "parts.csv")
        name = seen.page.locator("[data-file]", has_text="parts.csv")
        name.wait_for()
        with seen.page.expect_download() as saved:
            name.click()
        assert Path(saved.value.path()).read_bytes() == (tmp_path / "parts.csv").read_bytes()
        seen.allowed = {415}
        seen.page.locator("input[type=file]").set_input_files(tmp_path / "run.exe")
        seen.page.locator("dialog .refusal").wait_for()
        seen.page.get_by_role("button", name="Understood").click()
        seen.page.locator("[data-remove]").click()
        name.wait_for(state="detached")
        assert seen.inaccessible() == []
    assert api("dev-rep").get(f"/v1/leads/{lead}/attachments").json()["items"] == []


def test_what_a_rep_may_not_see_is_not_there(browser: Any, origin: str, api: Api) -> None:
    mine = {one["id"] for one in deals(api, "dev-rep")}
    others = [one for one in deals(api, "dev-director") if one["id"] not in mine]
    assert mine
    assert others
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open("pipeline")
        shown = {card.get_attribute("data-deal") for card in seen.page.locator("[data-deal]").all()}
        assert shown == mine
        seen.allowed = {404}
        seen.try_to_open(f"deals/{others[0]['id']}")
        assert others[0]["name"] not in seen.page.content()
        assert "you may not see it" in seen.text()


@pytest.mark.parametrize(
    ("person", "views"),
    [
        ("marketing", ["today", "leads", "funnel", "kpis"]),
        ("finance", ["today", "quotes", "approvals", "prices", "kpis"]),
        ("legal", ["today", "quotes", "approvals", "prices"]),
    ],
)
def test_views_of_what_a_role_does_not_see_are_not_offered(browser: Any, origin: str, person: str, views: list[str]) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in(f"dev-{person}").settled()
        assert [link.get_attribute("data-view") for link in seen.page.locator("nav a").all()] == views
        assert "Next steps of deals" not in seen.text()
