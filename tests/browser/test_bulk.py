"""One action with many leads on the page: rows are ticked, a job does it, and what was refused says why."""

from typing import Any
from uuid import uuid4

from tests.browser.browser import tab
from tests.browser.conftest import Api


def test_leads_are_ticked_given_to_somebody_and_those_refused_say_why(browser: Any, origin: str, api: Api) -> None:
    """By the keyboard, in Chinese; a filter keeps other leads out of sight."""
    name = f"Bulk {uuid4().hex[:6]}"
    people = {
        one["role"]: one for one in api("dev-director").get("/v1/team/people", params={"limit": 200, "active": "true"}).json()["items"]
    }
    rep, manager = people["rep"], people["manager"]
    made = [
        api("dev-director").post("/v1/leads", json={"source": "trade_show", "company": f"{name} {n}", "owner_id": owner["id"]}).json()["id"]
        for n, owner in enumerate((rep, rep, manager))
    ]
    with tab(browser, origin, lang="zh") as seen:
        seen.sign_in("dev-director").open(f"leads?q={name.replace(' ', '%20')}")
        boxes = seen.page.locator("[data-tick]")
        boxes.nth(2).wait_for()
        assert boxes.count() == 3
        assert seen.page.locator("[data-bulk]").count() == 0, "nothing to do with none"
        seen.page.get_by_label("选择全部已显示的线索").focus()
        seen.page.keyboard.press("Space")
        assert seen.page.locator(".ticked [role=status]").inner_text() == "已选 3 条"
        assert seen.inaccessible() == []
        seen.page.locator("[data-bulk=assign]").press("Enter")
        seen.page.locator("dialog select[name=owner_id]").select_option(manager["id"])
        seen.page.locator("dialog button.primary").press("Enter")
        seen.page.locator("dialog [data-job=done]").wait_for()
        assert "已完成 2/3，已拒绝 1" in seen.page.locator("dialog [role=status]").inner_text()
        refused = seen.page.locator("[data-refused]")
        refused.wait_for()
        assert refused.get_attribute("data-refused") == made[2]
        assert "该记录已属于此负责人" in refused.inner_text()
        assert seen.inaccessible() == []
        seen.shoot("bulk-refused")
        seen.page.locator("dialog footer button").press("Enter")
        seen.page.locator("[data-bulk]").first.wait_for(state="detached")
    assert {api("dev-director").get(f"/v1/leads/{id}").json()["owner_id"] for id in made} == {manager["id"]}


def test_a_seller_gives_up_one_of_the_leads_with_a_reason_and_leaves_the_other(browser: Any, origin: str, api: Api) -> None:
    name = f"Bulk {uuid4().hex[:6]}"
    me = api("dev-rep").get("/v1/me").json()["id"]
    bodies = [{"source": "trade_show", "company": f"{name} {n}", "owner_id": me} for n in range(2)]
    gone, kept = [api("dev-rep").post("/v1/leads", json=body).json()["id"] for body in bodies]
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open(f"leads?q={name.replace(' ', '%20')}")
        seen.page.locator(f"[data-tick='{gone}']").check()
        seen.page.locator("[data-bulk=disqualify]").click()
        seen.page.locator("dialog select[name=reason]").select_option("no_budget")
        seen.page.locator("dialog button.primary").click()
        seen.page.locator("dialog [data-job=done]").wait_for()
        assert "1 of 1 done, 0 refused" in seen.page.locator("dialog [role=status]").inner_text()
    assert [api("dev-rep").get(f"/v1/leads/{id}").json()["state"] for id in (gone, kept)] == ["disqualified", "captured"]
