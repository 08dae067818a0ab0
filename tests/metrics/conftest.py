"""metrics-svc on a fresh database, told a history."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest_asyncio

from clinch.run.postgres import Postgres
from metrics_svc.service import service
from shared.clock import utcnow
from tests.harness import Running, running
from tests.metrics.endpoints import Webhooks
from tests.receiver import Receiver, receiving


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


@pytest_asyncio.fixture(scope="function")
async def yen(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres, reporting_currency="JPY") as svc:
        yield svc


@pytest_asyncio.fixture(scope="function")
async def hooks(postgres: Postgres) -> AsyncIterator[Webhooks]:
    async with webhooks(postgres) as started:
        yield started


@pytest_asyncio.fixture(scope="function")
async def impatient(postgres: Postgres) -> AsyncIterator[Webhooks]:
    """Receivers have a second to answer."""
    async with webhooks(postgres, webhook_timeout_seconds=1) as started:
        yield started


@asynccontextmanager
async def webhooks(postgres: Postgres, **changed: Any) -> AsyncIterator[Webhooks]:
    async with running(service, postgres, webhook_allow=("127.0.0.1",), **changed) as svc:
        svc.clock.now = utcnow()  # the standard's library refuses what is older than five minutes
        yield Webhooks(svc)
        assert await Webhooks(svc).broken() == []


@pytest_asyncio.fixture(scope="function")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started
