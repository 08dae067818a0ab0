"""A fresh system that `clinch up` started, for tests that use it from outside."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.clinch.walk import ROOT
from tests.ports import free_port


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
