import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from clinch.run.postgres import Postgres
from tests.faults.replicas import Replicas, replicas
from tests.faults.system import PATIENT, System, embedded


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder for databases. Not `tmp_path`: another pytest of the same user closes that to all others, Postgres included."""
    path = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def new() -> Iterator[System]:
    """One that was started for the first time and stopped: tests copy it, since making its databases takes longer than starting them."""
    path = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    with embedded(path / "data") as started:
        pass
    yield started
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def system(place: Path, new: System) -> Iterator[System]:
    with embedded(place / "data", like=new) as started:
        yield started


@pytest.fixture
def patient(place: Path, new: System) -> Iterator[System]:
    """The embedded system, where a request waits for as long as it takes."""
    with embedded(place / "data", PATIENT, like=new) as started:
        yield started


@pytest.fixture
async def services(postgres: Postgres, place: Path) -> AsyncIterator[Replicas]:
    async with replicas(postgres, place) as started:
        yield started
