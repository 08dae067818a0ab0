from collections.abc import AsyncIterator

import pytest

from clinch.run.postgres import Postgres
from tests.upgrade.dump import Dump
from tests.upgrade.make_dump import DUMPS


@pytest.fixture(scope="module", params=sorted(DUMPS.iterdir()), ids=lambda kept: kept.name)
async def dump(request: pytest.FixtureRequest, postgres: Postgres) -> AsyncIterator[Dump]:
    dump = Dump(request.param, postgres)
    dump.restore()
    yield dump
    await dump.forget()
