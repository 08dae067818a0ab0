from collections.abc import AsyncIterator

import pytest

from clinch.run.postgres import Postgres
from deal_svc.service import service as deal_svc
from lead_svc.service import service as lead_svc
from tests.harness import Running, running


@pytest.fixture
async def leads(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(lead_svc, postgres) as started:
        yield started


@pytest.fixture
async def deals(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(deal_svc, postgres) as started:
        yield started
