"""The README's walk, pasted as it is, against a system that `clinch up` started."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.clinch.embedded import eventually
from tests.clinch.walk import ROOT, STEPS, walk
from tests.operations.figures import exported
from tests.ports import free_port

ONLY_WITH_LISTENERS = {"clinch_webhook_deliveries_total", "clinch_feed_readers"}
"""What the walk has none of: receivers of webhooks, and readers of the stream."""


@pytest.fixture
def origin() -> Iterator[tuple[str, dict[str, str]]]:
    """A fresh embedded system: its origin, and the environment that `clinch` finds it by."""
    folder = tempfile.mkdtemp(prefix="clinch-test-")
    port = free_port()
    found = {**os.environ, "CLINCH_DATA": folder, "CLINCH_PORT": str(port), "CLINCH_ADMIN_PORT": str(free_pair())}
    started = clinch(found, "up")
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield f"http://127.0.0.1:{port}", found
    finally:
        clinch(found, "down")
        shutil.rmtree(folder, ignore_errors=True)


def clinch(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clinch.main", *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False
    )


def free_pair() -> int:
    """A free port whose next one is free too: the API's and the worker's figures."""
    while True:
        port = free_port()
        with suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
            return port


def figures(port: int) -> set[str]:
    """The names of the series that a process gives now."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def test_the_walk_works_as_it_is_printed(origin: tuple[str, dict[str, str]]) -> None:
    where, environment = origin
    assert walk(where, environment) == dict.fromkeys(STEPS, 1)
    checked = clinch(environment, "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    admin = int(environment["CLINCH_ADMIN_PORT"])
    for port in (admin, admin + 1):
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=20).json() == {"status": "ready"}
    wanted = {name for name in exported() if name.startswith(("clinch_", "http_"))} - ONLY_WITH_LISTENERS
    eventually(lambda: wanted <= figures(admin) | figures(admin + 1))  # some are looked at every few seconds only
