"""One throw-away Postgres for the session (and per xdist worker); each service's tests take databases from it."""

from collections.abc import Iterator

import hypothesis
import pytest

from clinch.run.postgres import Postgres
from tests.harness import postgres_server

# A busy machine is no failure: how fast things are is measured by `make bench`.
hypothesis.settings.register_profile("clinch", deadline=None)
hypothesis.settings.load_profile("clinch")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server
