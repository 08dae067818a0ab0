"""Keycloak, Clinch whose issuer it is, and Chromium. Where one of them cannot be had, a line says so."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinch.errors import CommandError
from clinch.ops.kafka.jars import MavenUnreachable
from tests.browser.browser import NoBrowser, chromium
from tests.browser.conftest import browser
from tests.keycloak.server import fetched, keycloak
from tests.keycloak.test_tokens import Reached
from tests.ports import free_ports

__all__ = ["browser"]


def pytest_sessionstart() -> None:
    """CI must not pass over these tests because of something else than a repository that it does not reach."""
    try:
        chromium()
        fetched()
    except (CommandError, NoBrowser) as reason:
        must = os.environ.get("CI") == "true" and not isinstance(reason, MavenUnreachable)
        pytest.exit(f"Signing in at Keycloak was not tested. {reason}", returncode=int(must))


@pytest.fixture(scope="session")
def ports() -> list[int]:
    return free_ports(2)


@pytest.fixture(scope="session")
def origin(ports: list[int]) -> str:
    """Where the page is."""
    return f"http://127.0.0.1:{ports[0]}"


@pytest.fixture(scope="session")
def issuer(ports: list[int], origin: str) -> Iterator[str]:
    """Keycloak's realm, with Clinch behind it and the sample people entered, as the profile `identity` of the compose file has it."""
    data = Path(tempfile.mkdtemp(prefix="clinch-keycloak-"))
    clinch = [sys.executable, "-m", "clinch.main"]
    with keycloak(fetched(), ports[1], origin) as url:
        environment = os.environ | {"CLINCH_ISSUER": url, "CLINCH_ROLES_CLAIM": "realm_access.roles"}
        entering = {"CLINCH_LEAD_SVC": origin, "CLINCH_TOKEN_URL": f"{url}/protocol/openid-connect/token"}
        try:
            subprocess.run([*clinch, "up", "--data", data, "--port", str(ports[0])], check=True, env=environment)
            subprocess.run([sys.executable, "-m", "clinch.run.enter_people"], check=True, env=os.environ | entering)
            yield url
        finally:
            subprocess.run([*clinch, "down", "--data", data], check=False)
            shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def realm(issuer: str) -> str:
    """Where the realm's endpoints are."""
    return f"{issuer}/protocol/openid-connect"


@pytest.fixture
def reached(origin: str) -> Reached:
    return lambda token: httpx.Client(base_url=origin, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=60)
