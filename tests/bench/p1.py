"""P1: the page on the demo year: from an empty browser to a first view with all its parts, and to the funnel."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.compare import Progress
from tests.bench.embedded import clinch
from tests.bench.report import Result
from tests.bench.stage import Stage, free_port
from tests.browser.browser import NoBrowser, chromium

PERSON = "dev-director"
_TODAY, _FUNNEL = ".strip .figure", "[data-step=F9]"
_WAITS = ".skeleton"


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    """Not measured without Chromium. `BROWSER_ORIGIN` names a system with the demo year that runs already."""
    try:
        browser = chromium()
    except NoBrowser as reason:
        progress(f"left out. {reason}")
        return _results([], [], [])
    if running := os.environ.get("BROWSER_ORIGIN"):
        return await _measured(running, browser, rounds, progress)
    data, port = Path(stage.folder, "page"), str(free_port())
    await clinch("up", "--data", str(data), "--port", port)
    try:
        progress("the demo year")
        await clinch("demo", "--data", str(data))
        return await _measured(f"http://127.0.0.1:{port}", browser, rounds, progress)
    finally:
        await clinch("down", "--data", str(data))


async def _measured(origin: str, browser: str, rounds: int, progress: Progress) -> list[Result]:
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
    return _results(first, requests, funnel)


def _results(first: Sequence[float], requests: Sequence[float], funnel: Sequence[float]) -> list[Result]:
    return [
        Result("P1", "first view of the page, cold", "–", "≤ 1 s", first, most=1, unit="s"),
        Result("P1", "requests of the first view besides modules", "–", "≤ 12", requests, most=12, unit="requests"),
        Result("P1", "the funnel by source, from the first view", "–", "≤ 1 s", funnel, most=1, unit="s"),
    ]


async def _until_shown(page: Any, sign: str) -> float:
    """Seconds since the page began to load at which all parts of the view are there, by the browser's own clock."""
    await page.locator(sign).first.wait_for()
    await page.locator(_WAITS).first.wait_for(state="detached")
    return float(await page.evaluate("performance.now()")) / 1000
