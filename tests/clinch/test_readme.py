"""The README's walk, pasted as it is, against a system that `clinch up` started."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clinch.embedded import free_port

ROOT = Path(__file__).parents[2]


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
    blocks = re.findall(r"^```bash\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    command = f"{sys.executable} -m clinch.main token"
    walk = "\n".join(blocks).replace("http://127.0.0.1:8000", where).replace(".venv/bin/clinch token", command)
    assert where in walk
    assert command in walk
    done = subprocess.run(["bash", "-c", walk], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    steps = [line.split() for line in done.stdout.splitlines() if re.match(r"F\d ", line)]
    assert [(step[0], step[-1]) for step in steps] == [(f"F{n}", "1") for n in range(1, 10)], done.stdout + done.stderr
    checked = clinch(environment, "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr
