"""Without a Helm, one line says so instead of the tests."""

import os

import pytest

from tests.helm.engine import NoHelm, helm


def pytest_sessionstart() -> None:
    try:
        helm()
    except NoHelm as reason:
        must = os.environ.get("CI") == "true" and reason.must_run
        pytest.exit(f"the Helm chart was not checked. {reason}", returncode=int(must))
