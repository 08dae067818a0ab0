"""The README's walk, pasted as it is, against a system that `clinch up` started."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from tests.clinch.embedded import free_port
from tests.clinch.walk import ROOT, STEPS, walk


@pytest.fixture
def origin() -> Iterator[tuple[str, dict[str, str]]]:
    """A fresh embedded system: its origin, and the environment that `clinch` finds it by."""
    folder = tempfile.mkdtemp(prefix="clinch-test-")
    port = free_port()
    found = {**os.environ, "CLINCH_DATA": folder, "CLINCH_PORT": str(port)}
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


def test_the_walk_works_as_it_is_printed(origin: tuple[str, dict[str, str]]) -> None:
    where, environment = origin
    assert walk(where, environment) == dict.fromkeys(STEPS, 1)
    checked = clinch(environment, "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr
