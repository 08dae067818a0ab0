"""Every view as a rep, a manager and a director see it, in both languages, light and dark: shown whole, readable by all, without errors."""

import csv
import io
import re
from typing import Any

import pytest

from tests.browser.browser import PHONE, Tab, tab
from tests.browser.conftest import Api

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LISTS = ("today", "leads", "pipeline", "funnel?by=source&period=all", "kpis", "kpis/win_rate?period=all&by=owner")
WHO = [("dev-rep", "zh", "light"), ("dev-manager", "en", "dark"), ("dev-director", "en", "light"), ("dev-director", "zh", "dark")]


def named(view: str) -> str:
    """Of a screenshot: today, leads, lead, kpi ..."""
    name, _, one = view.partition("?")[0].partition("/")
    return name.removesuffix("s") if one else name


def records(api: Api, person: str) -> list[str]:
    """A lead and a deal that the person sees, as views."""
    lead = api(person).get("/v1/leads", params={"state": "sql,mql,converted", "sort": "-score", "limit": 1}).json()["items"][0]["id"]
    deal = api(person).get("/v1/deals", params={"open": "true", "sort": "-amount", "limit": 1}).json()["items"][0]["id"]
    return [f"leads/{lead}", f"deals/{deal}"]


@pytest.mark.parametrize(("person", "lang", "scheme"), WHO)
def test_every_view_is_shown_and_can_be_read_by_all(browser: Any, origin: str, api: Api, person: str, lang: str, scheme: str) -> None:
    with tab(browser, origin, lang=lang, scheme=scheme) as seen:
        seen.sign_in(person)
        for view in [*LISTS, *records(api, person)]:
            seen.open(view)
            if view.startswith("kpis/"):
                seen.page.locator(".chart canvas").wait_for()
            assert seen.page.locator(".empty[role=alert]").count() == 0, (view, seen.text())
            seen.shoot(f"{person.removeprefix('dev-')}-{lang}-{scheme}-{named(view)}")
            assert seen.inaccessible() == [], view
            if lang == "zh":
                assert CHINESE.search(seen.page.locator("main h1").first.inner_text() + seen.page.locator("nav").inner_text())


def test_it_is_readable_on_a_phone(browser: Any, origin: str, api: Api) -> None:
    with tab(browser, origin, size=PHONE) as seen:
        seen.sign_in("dev-rep")
        for view in [*LISTS, *records(api, "dev-rep")]:
            seen.open(view)
            width = seen.page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE[0], (view, width)
            seen.shoot(f"phone-{named(view)}")


def test_the_first_view_takes_few_requests_and_no_view_asks_one_for_each_row(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-director").settled()
        first = seen.requests
        assert len(first) <= 10, first  # with the index and the style sheet 12
        for view in LISTS[1:]:
            seen.open(view)
            assert len(asked := seen.requests) <= 5, (view, asked)


def test_a_bar_lists_its_records_and_a_record_shows_what_happened(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-director").open("funnel?period=all")
        step = seen.page.locator("[data-step=F3]")
        said = int(step.locator(".n b").inner_text().replace(",", ""))
        assert said > 0
        seen.requests  # noqa: B018 (what the funnel itself asked)
        step.click()
        rows = seen.page.locator("dialog tbody tr")
        rows.first.wait_for()
        assert len(seen.requests) <= 3
        while (more := seen.page.locator("dialog .more button")).count():
            before = rows.count()
            more.click()
            rows.nth(before).wait_for()
        assert rows.count() == said
        rows.first.locator("a").click()
        seen.page.locator(".timeline li").first.wait_for()
        assert seen.page.locator("dialog").count() == 0


def test_the_keyboard_is_enough(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-director").open("funnel?period=all")
        seen.page.locator("[data-step=F1]").focus()
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.dataset.step") == "F2"
        seen.page.keyboard.press("Enter")
        seen.page.locator("dialog tbody tr").first.wait_for()
        seen.page.keyboard.press("Escape")
        seen.page.locator("dialog").wait_for(state="detached")
        assert seen.page.evaluate("document.activeElement.dataset.step") == "F2"


def test_the_slider_shows_the_past(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-director").open("kpis/leads_captured?period=all")
        value = seen.page.locator(".big > b")
        now = int(value.inner_text().replace(",", ""))
        slider = seen.page.locator("input[name=as_of]")
        slider.fill("180")
        seen.page.locator(f".big > b:not(:text-is('{now:,}'))").wait_for()
        assert int(value.inner_text().replace(",", "")) < now
        assert re.search(r"as_of=\d{4}-\d\d-\d\d", seen.page.url)


def test_a_view_with_its_filters_can_be_sent_to_somebody(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-director").open("leads")
        seen.page.locator("select[name=grade]").select_option("A")
        seen.page.wait_for_url("**/#/leads?grade=A")
        seen.settled()
        address, listed = seen.page.url, seen.page.locator("tbody").inner_text()
        with tab(browser, origin) as other:
            other.sign_in("dev-director")
            other.page.goto(address)
            other.page.locator("tbody tr").first.wait_for()
            assert other.page.locator("tbody").inner_text() == listed
            assert other.page.locator("select[name=grade]").input_value() == "A"


def test_where_there_is_nothing_the_page_says_what_to_do(browser: Any, origin: str) -> None:
    with tab(browser, origin) as seen:
        seen.sign_in("dev-rep").open("leads?q=nobody-is-called-so")
        seen.page.get_by_role("link", name="Clear the filters").click()
        seen.page.locator("tbody tr").first.wait_for()


@pytest.mark.parametrize(
    ("view", "file", "asked"),
    [
        ("kpis/leads_captured?period=all&by=source", "leads_captured_by_source", {"by": "source"}),
        ("kpis/leads_captured?period=all&by=owner", "leads_captured_by_owner", {"by": "owner"}),
    ],
)
def test_a_kpi_is_saved_for_a_spreadsheet_as_it_is_shown(browser: Any, origin: str, api: Api, view: str, file: str, asked: Any) -> None:
    rows = api("dev-director").get("/v1/metrics/kpis/leads_captured", params=asked).raise_for_status().json()["rows"]
    with tab(browser, origin) as seen:
        seen.sign_in("dev-director").open(view)
        saved = _saved(seen, file)
        assert sorted(line[1:] for line in saved[1:]) == sorted([str(row["value"]), str(row["n"])] for row in rows)
        shown = seen.page.locator("ul.bars li").all_inner_texts()
        assert [line[0] for line in saved[1:]] == [text.partition("\n")[0] for text in shown]
        trend = _saved(seen, "leads_captured_trend")
        assert sum(int(line[2]) for line in trend[1:]) <= sum(row["n"] for row in rows)
        seen.open("kpis?period=all")
        assert ["Leads captured", str(sum(row["n"] for row in rows))] in [line[:2] for line in _saved(seen, "kpis")]


def _saved(seen: Tab, name: str) -> list[list[str]]:
    """What the button of this name saves."""
    with seen.page.expect_download() as got:
        seen.page.locator(f"[data-download={name}]").click()
    assert got.value.suggested_filename == f"{name}.csv"
    content = got.value.path().read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content, newline="")))
