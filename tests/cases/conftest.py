from collections.abc import AsyncIterator

import pytest

from deal_svc.service import service as deal_svc
from lead_svc.service import service as lead_svc
from shared.postgres import Postgres
from shared.testing import Running, running


@pytest.fixture
async def leads(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(lead_svc, postgres) as started:
        yield started


@pytest.fixture
async def deals(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(deal_svc, postgres) as started:
        yield started
