from collections.abc import Iterator

import pytest
from schemathesis.python import asgi

from clinch.run.postgres import Postgres
from clinch.run.services import load
from tests.api import stories
from tests.api.hosted import Hosted

STORIES = {"lead": stories.leads, "deal": stories.deals, "contract": stories.contracts, "metrics": stories.figures}


@pytest.fixture(params=STORIES)
def hosted(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[Hosted]:
    """Each service in turn."""
    yield Hosted(load(request.param), postgres, STORIES[request.param])
    asgi.shutdown_lifespans()
