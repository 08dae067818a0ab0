"""The worker of an embedded run."""

from typing import Any

import pytest

from clinch.run.worker import CONNECTIONS, with_few_connections
from shared.process.settings import Settings


@pytest.mark.parametrize(("told", "found"), [({}, CONNECTIONS), ({"pool_size": 10}, 10), ({"pool_size": 30}, 30)])
def test_it_opens_few_connections_unless_it_is_told_how_many(told: dict[str, Any], found: int) -> None:
    settings = Settings(env="test", database_url="postgresql:///x", bus_url="postgresql:///x", issuer="none", **told)
    assert with_few_connections(settings).pool_size == found


def test_the_environment_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINCH_POOL_SIZE", "10")
    settings = Settings(env="test", database_url="postgresql:///x", bus_url="postgresql:///x", issuer="none")
    assert with_few_connections(settings).pool_size == 10
