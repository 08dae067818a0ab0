"""What many tests here need: a service of notes on a fresh database, an admin at it, and others like it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from clinch.run.postgres import Postgres
from shared.process.service import Service
from tests.harness import Running, running
from tests.shared import notes_service
from tests.shared.harbour import BOAT_SVC
from tests.shared.policy_desk import Desk


@pytest.fixture
def served() -> Service:
    """What `notes` runs. A module that needs more of it says so."""
    return notes_service.service


@pytest.fixture
def changed() -> dict[str, Any]:
    """Settings of `notes` that are other than usual in a module."""
    return {}


@pytest.fixture
async def notes(postgres: Postgres, served: Service, changed: dict[str, Any]) -> AsyncIterator[Running]:
    async with running(served, postgres, **changed) as started:
        yield started


@pytest.fixture
async def client(notes: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with notes.client() as made:
        yield made


@pytest.fixture
async def desk(notes: Running) -> Desk:
    return Desk(notes)


@pytest.fixture(scope="session")
async def harbour(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(BOAT_SVC, postgres) as service:
        yield service


@pytest.fixture
async def admin(harbour: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with harbour.client("admin") as client:
        yield client
