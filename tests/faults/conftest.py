import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.system import System, embedded


@pytest.fixture
def system() -> Iterator[System]:
    place = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    try:
        with embedded(place / "data") as started:
            yield started
    finally:
        shutil.rmtree(place, ignore_errors=True)
