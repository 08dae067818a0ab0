from collections.abc import AsyncIterator

import pytest

from clinch.run.postgres import Postgres
from deal_svc.service import service
from tests.deal.sales import Sales
from tests.harness import Running, running


@pytest.fixture
async def svc(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as started:
        yield started


@pytest.fixture
async def sales(svc: Running) -> Sales:
    """A small company: ann and bob sell for max, an account, and one product at 1000 CNY with 13 % tax."""
    return await Sales.start(svc)
