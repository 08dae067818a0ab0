"""Chromium, as Debian packages it, and what a page that it shows must never do."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SERIOUS = {"serious", "critical"}
PATIENCE = 30_000
"""Milliseconds that a browser waits for what must appear: machines are slow, and busy with other tests."""
PHONE = (390, 780)
_FILES = ("/app/",)


class NoBrowser(Exception):
    pass


def chromium() -> str:
    """The path of the browser. Raises `NoBrowser`."""
    if find_spec("playwright") is None or find_spec("axe_playwright_python") is None:
        raise NoBrowser("Playwright is missing: `make test-browser` installs it.")
    named = os.environ.get("CHROMIUM")
    found = named or next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowser("Chromium is missing: install it (Debian: apt-get install chromium fonts-noto-cjk), or name one with CHROMIUM.")
    return found


@dataclass
class Tab:
    """One person's page in a browser context of its own, unless `beside` shares one. What went wrong in it fails the test at the end."""

    page: "Page"
    origin: str
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    allowed: set[int] = field(default_factory=set)
    """Statuses of refusals that the test provokes."""

    def watch(self) -> "Tab":
        self.page.set_default_timeout(PATIENCE)
        self.page.on("request", self._asks)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("response", lambda got: self._got(got.status, got.url))
        return self

    def _asks(self, request: "Request") -> None:
        if not any(part in request.url for part in _FILES):
            self.asked.append(request.url.removeprefix(self.origin))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and not ("Failed to load resource" in text and self.allowed):
            self.wrong.append(text)

    def _got(self, status: int, url: str) -> None:
        if status >= 400 and status not in self.allowed:
            self.wrong.append(f"{status} {url}")

    @property
    def requests(self) -> list[str]:
        """To the API, since the last look; files and signing in are not among them."""
        found = [url for url in self.asked if url.startswith("/v1/")]
        self.asked.clear()
        return found

    def sign_in(self, person: str) -> "Tab":
        self.page.goto(f"{self.origin}/")
        self.page.locator(f"[data-person={person}]").click()
        self.page.locator("nav a").first.wait_for()
        return self

    def open(self, where: str) -> "Tab":
        """A view, once all its parts have come."""
        self.page.evaluate("where => { location.hash = where }", f"#/{where}")
        self.page.locator("main h1").first.wait_for()
        return self.settled()

    def try_to_open(self, where: str) -> None:
        """A record that is not for this person."""
        self.page.evaluate("where => { location.hash = where }", f"#/{where}")
        self.page.locator(".empty[role=alert]").first.wait_for()

    def settled(self) -> "Tab":
        self.page.locator(".skeleton").first.wait_for(state="detached")
        return self

    def text(self) -> str:
        return str(self.page.locator("main").inner_text())

    def shoot(self, name: str, *, whole: bool = False) -> None:
        """`whole`: also what lies below the edge of the window."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png", animations="disabled", full_page=whole)

    def inaccessible(self) -> list[str]:
        """What axe finds serious, with the elements."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found if one["impact"] in SERIOUS]


@contextmanager
def tab(browser: "Browser", origin: str, *, lang: str = "en", scheme: str = "light", size: tuple[int, int] = (1360, 860)) -> Iterator[Tab]:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="zh-CN" if lang == "zh" else "en-GB",
        color_scheme=scheme,  # type: ignore[arg-type]
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    try:
        opened = Tab(context.new_page(), origin).watch()
        yield opened
        assert opened.wrong == [], json.dumps(opened.wrong, indent=1)
    finally:
        context.close()


def beside(opened: Tab, **more: Any) -> Tab:
    """Another tab of the same browser."""
    return Tab(opened.page.context.new_page(), opened.origin, **more).watch()
