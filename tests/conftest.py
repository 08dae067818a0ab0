"""One throw-away Postgres for the session (and per xdist worker); each service's tests take databases from it."""

from collections.abc import Iterator

import pytest

from shared.postgres import Postgres
from shared.testing import postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server
