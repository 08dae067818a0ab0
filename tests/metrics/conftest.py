"""metrics-svc on a fresh database, told a history."""

from collections.abc import AsyncIterator

import pytest_asyncio

from metrics_svc.service import service
from shared.postgres import Postgres
from shared.testing import Running, running


@pytest_asyncio.fixture(scope="function")
async def svc(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as svc:
        yield svc


@pytest_asyncio.fixture(scope="function")
async def other(postgres: Postgres) -> AsyncIterator[Running]:
    """A second one, to compare with."""
    async with running(service, postgres) as svc:
        yield svc


@pytest_asyncio.fixture(scope="function")
async def shanghai(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres, time_zone="Asia/Shanghai") as svc:
        yield svc
