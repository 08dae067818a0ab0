"""The search in the frame of the page: a record is found, opened, and not found by whoever does not see it."""

from typing import Any

from tests.browser.browser import tab
from tests.browser.conftest import Api


def _owned_by(api: Api, mine: bool) -> dict[str, Any]:
    """A lead with a company, dev-rep's or somebody else's."""
    me = api("dev-rep").get("/v1/me").json()["id"]
    listed = api("dev-director").get("/v1/leads", params={"limit": 200, "state": "captured,mql,sql,nurturing,converted"}).json()["items"]
    found: dict[str, Any] = next(one for one in listed if one["company"] and one["owner_id"] and (one["owner_id"] == me) is mine)
    return found


def _look_for(seen: Any, text: str) -> Any:
    box = seen.page.locator("header input[type=search]")
    box.fill(text)
    box.press("Enter")
    seen.page.wait_for_url("**/#/search?q=*")
    return seen.settled()


def test_a_lead_is_found_and_opened_from_any_view(browser: Any, origin: str, api: Api) -> None:
    lead = _owned_by(api, mine=True)
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open("kpis")
        _look_for(seen, lead["company"])
        seen.shoot("rep-en-light-search")
        assert seen.inaccessible() == []
        seen.page.locator(f"tbody a[href='#/leads/{lead['id']}']").first.click()
        seen.page.wait_for_url(f"**/#/leads/{lead['id']}")


def test_what_others_own_is_not_found(browser: Any, origin: str, api: Api) -> None:
    lead = _owned_by(api, mine=False)
    with tab(browser, origin) as director:
        director.sign_in("dev-director")
        assert _look_for(director, lead["title"] or lead["company"]).page.locator(f"tbody a[href='#/leads/{lead['id']}']").count() == 1
    with tab(browser, origin) as rep:
        rep.sign_in("dev-rep")
        assert _look_for(rep, lead["title"] or lead["company"]).page.locator(f"a[href='#/leads/{lead['id']}']").count() == 0


def test_a_company_is_found_by_chinese_words_and_shows_who_is_there(browser: Any, origin: str, api: Api) -> None:
    name = "上海华讯科技有限公司"
    account = api("dev-director").post("/v1/accounts", json={"name": name}).json()["id"]
    api("dev-director").post("/v1/contacts", json={"account_id": account, "name": "李雷"}).raise_for_status()
    with tab(browser, origin, lang="zh") as seen:
        seen.sign_in("dev-director")
        _look_for(seen, "华讯 科技")
        assert seen.page.locator("main h1").inner_text() == "搜索"
        seen.page.get_by_role("link", name=name).first.click()
        seen.page.get_by_text("李雷").wait_for()
        assert seen.page.locator("main h1").inner_text() == name
        seen.shoot("director-zh-light-account")
        assert seen.inaccessible() == []


def test_where_nothing_is_found_the_page_says_so(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep")
        assert "Nothing that you see has" in _look_for(seen, "nobody-is-called-so").text()
