import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder for a database. Not `tmp_path`: another pytest of the same user closes that to all others, Postgres included."""
    path = Path(tempfile.mkdtemp(prefix="clinch-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)
