import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinch.run.folder import DataFolder
from clinch.run.settings import Embedded


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder for a database. Not `tmp_path`: another pytest of the same user closes that to all others, Postgres included."""
    path = Path(tempfile.mkdtemp(prefix="clinch-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def prepared() -> Iterator[Path]:
    """A data folder with a database that never ran."""
    with tempfile.TemporaryDirectory(prefix="clinch-test-") as root:
        run = Embedded(DataFolder(Path(root, "data")), 0)
        run.folder.claim()
        run.postgres().create(durable=False)
        yield run.folder.path


@pytest.fixture
def data(prepared: Path, place: Path) -> Path:
    """A copy of it, which takes less time than another initdb."""
    subprocess.run(["cp", "-a", prepared, place / "data"], check=True)
    return place / "data"
