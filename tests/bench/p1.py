"""P1: the page on the demo year: from an empty browser to a first view with all its parts, and to the funnel; that again of many leads."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from clinch.client.token import fetch
from tests.bench.compare import Progress
from tests.bench.embedded import clinch
from tests.bench.report import Result
from tests.bench.stage import Stage, free_port
from tests.browser.browser import NoBrowser, chromium

PERSON = "dev-director"
_TODAY, _FUNNEL = ".strip .figure", "[data-step=F9]"
_WAITS = ".skeleton"
_MANY = 100_000
_HEADER = "external_id,captured_at,source,title,company,contact_name,region"
_SOURCES = ("trade_show", "seo", "partner_referral", "cold_outreach")


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    """Not measured without Chromium."""
    try:
        browser = chromium()
    except NoBrowser as reason:
        progress(f"left out. {reason}")
        return _results([], [], [], [])
    data, port = Path(stage.folder, "page"), str(free_port())
    await clinch("up", "--data", str(data), "--port", port)
    try:
        progress("the demo year")
        await clinch("demo", "--data", str(data))
        origin = f"http://127.0.0.1:{port}"
        first, requests, funnel = await _measured(origin, browser, rounds, progress)
        progress(f"{_MANY:,} leads more")
        await clinch("import", "leads", str(_file(stage)), "--data", str(data))
        await _until_counted(origin)
        _, _, of_many = await _measured(origin, browser, rounds, progress)
        return _results(first, requests, funnel, of_many)
    finally:
        await clinch("down", "--data", str(data))


def _file(stage: Stage) -> Path:
    """A year of leads, from four sources and five regions."""
    file = Path(stage.folder, "leads.csv")
    lines = (
        f"many-{n},2026-{n % 10 + 1:02}-{n % 28 + 1:02},{_SOURCES[n % 4]},Lead {n},Company {n},Ina Petersen {n},region-{n % 5}"
        for n in range(_MANY)
    )
    file.write_text("\n".join([_HEADER, *lines, ""]))
    return file


async def _until_counted(origin: str) -> None:
    token, _ = await asyncio.to_thread(fetch, origin, None, PERSON)
    async with httpx.AsyncClient(base_url=origin, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        while True:
            steps = (await client.get("/v1/metrics/funnel")).raise_for_status().json()["total"]["steps"]
            if steps[0]["n"] >= _MANY:
                return
            await asyncio.sleep(1)


async def _measured(origin: str, browser: str, rounds: int, progress: Progress) -> tuple[list[float], list[float], list[float]]:
    """Seconds of the first view, its requests, seconds of the funnel."""
    from playwright.async_api import async_playwright

    first: list[float] = []
    funnel: list[float] = []
    requests: list[float] = []
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for n in range(1, rounds + 1):
            progress(f"first view {n} of {rounds}")
            context = await started.new_context()  # with a cache of its own, which is empty
            await context.add_init_script(f"sessionStorage.setItem('clinch.person', '{PERSON}')")
            page = await context.new_page()
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            await page.goto(f"{origin}/#/today", wait_until="commit")
            first.append(await _until_shown(page, _TODAY))
            requests.append(sum(not url.endswith(".js") and "dev-issuer" not in url for url in asked))
            begun = await page.evaluate("performance.now()")
            await page.evaluate("location.hash = '#/funnel?by=source'")
            funnel.append(await _until_shown(page, _FUNNEL) - begun / 1000)
            await context.close()
        await started.close()
    return first, requests, funnel


def _results(first: Sequence[float], requests: Sequence[float], funnel: Sequence[float], of_many: Sequence[float]) -> list[Result]:
    return [
        Result("P1", "first view of the page, cold", "–", "≤ 1 s", first, most=1, unit="s"),
        Result("P1", "requests of the first view besides modules", "–", "≤ 12", requests, most=12, unit="requests"),
        Result("P1", "the funnel by source, from the first view", "–", "≤ 1 s", funnel, most=1, unit="s"),
        Result("P1", f"the same with {_MANY:,} leads", "–", "≤ 1 s", of_many, most=1, unit="s"),
    ]


async def _until_shown(page: Any, sign: str) -> float:
    """Seconds since the page began to load at which all parts of the view are there, by the browser's own clock."""
    await page.locator(sign).first.wait_for()
    await page.locator(_WAITS).first.wait_for(state="detached")
    return float(await page.evaluate("performance.now()")) / 1000
