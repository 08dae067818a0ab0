from collections.abc import AsyncIterator

import pytest

from clinch.run.postgres import Postgres
from contract_svc.service import service
from tests.contract.office import Office
from tests.harness import Running, running


@pytest.fixture
async def svc(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as started:
        yield started


@pytest.fixture
async def office(svc: Running) -> Office:
    """Ann and bob sell in the north for max, nora is the assistant there, zoe leads the south.

    The account belongs to the customer success manager "csm".
    """
    return await Office.start(svc)
