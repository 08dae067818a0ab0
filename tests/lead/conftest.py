from collections.abc import AsyncIterator

import pytest

from clinch.run.postgres import Postgres
from lead_svc.service import service
from tests.harness import Running, running
from tests.lead.desk import Desk


@pytest.fixture
async def svc(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as started:
        yield started


@pytest.fixture
async def desk(svc: Running) -> Desk:
    """Ann and bob sell in the north for max, sue in the south; eva is their director."""
    made = Desk(svc)
    await made.hire()
    return made
