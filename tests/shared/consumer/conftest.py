from collections.abc import AsyncIterator

import pytest

from clinch.run.postgres import Postgres
from shared.db.database import Database
from shared.log import consumer as consuming
from tests.harness import Running, running
from tests.shared.consumer.log import TOPIC, Log
from tests.shared.notes_service import service


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "RETRY_SECONDS", 0.001)


@pytest.fixture
async def notes(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres, pool_size=20) as started:
        async with started.db.connection() as conn:
            await conn.execute("CREATE TABLE effect (n bigint GENERATED ALWAYS AS IDENTITY, subject uuid, version bigint)")
        yield started


@pytest.fixture
async def harmed(notes: Running) -> AsyncIterator[Database]:
    """A pool of their own for those whose connections are cut, so that nobody else gets a broken one."""
    db = Database(notes.settings)
    await db.start()
    yield db
    await db.stop()


@pytest.fixture
async def log() -> Log:
    made = Log()
    await made.bus.ensure_topics([TOPIC])
    return made
