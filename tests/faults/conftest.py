import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.postgres import Postgres
from tests.faults.replicas import Replicas, replicas
from tests.faults.system import PATIENT, System, embedded


@pytest.fixture
def system() -> Iterator[System]:
    place = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    try:
        with embedded(place / "data") as started:
            yield started
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def patient() -> Iterator[System]:
    """The embedded system, where a request waits for as long as it takes."""
    with tempfile.TemporaryDirectory(prefix="clinch-faults-") as place, embedded(Path(place) / "data", PATIENT) as started:
        yield started


@pytest.fixture
async def services(postgres: Postgres) -> AsyncIterator[Replicas]:
    place = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    async with replicas(postgres, place) as started:
        yield started
    shutil.rmtree(place)
