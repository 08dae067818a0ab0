"""A fresh embedded run with a small demo, as `make up && make demo` gives it, and Chromium. Without one, a line says so."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clinch.client.token import fetch
from tests.browser import making
from tests.browser.browser import NoBrowser, chromium
from tests.ports import free_port

LEADS, SEED = "120", "64"


def pytest_sessionstart() -> None:
    try:
        chromium()
    except NoBrowser as reason:
        pytest.exit(f"The page was not tested in a browser. {reason}", returncode=int(os.environ.get("CI") == "true"))


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """Where the demo is shown. BROWSER_ORIGIN names a run that is there already, for whoever works on the page."""
    if running := os.environ.get("BROWSER_ORIGIN"):
        yield running
        return
    data = Path(tempfile.mkdtemp(prefix="clinch-browser-"))
    port = str(free_port())
    clinch = [sys.executable, "-m", "clinch.main"]
    try:
        subprocess.run([*clinch, "up", "--data", data, "--port", port], check=True)
        subprocess.run([*clinch, "demo", "--data", data, "--leads", LEADS, "--seed", SEED], check=True, stdout=subprocess.DEVNULL)
        making.records(origin := f"http://127.0.0.1:{port}")
        yield origin
    finally:
        subprocess.run([*clinch, "down", "--data", data], check=False)
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])  # root, as in CI, has no sandbox
        yield started
        started.close()


Api = Callable[[str], httpx.Client]


@pytest.fixture(scope="session")
def api(origin: str) -> Iterator[Api]:
    """The API as one of the sample people."""
    made: dict[str, httpx.Client] = {}

    def of(person: str) -> httpx.Client:
        if person not in made:
            token, _ = fetch(origin, None, person)
            made[person] = httpx.Client(base_url=origin, headers={"Authorization": f"Bearer {token}", "If-Match": "*"}, timeout=30)
        return made[person]

    yield of
    for client in made.values():
        client.close()
