"""Profile `identity`: tokens of a real identity provider. Runs after test_compose.py, whose containers it starts anew with its settings."""

import pytest

from tests.clinch.walk import STEPS, blocks, walk
from tests.containers.project import Project, eventually
from tests.containers.test_compose import funnel
from tests.keycloak.test_tokens import *  # noqa: F403  # the same tests
from tests.keycloak.test_tokens import Reached, by_password


@pytest.fixture(scope="module")
def realm(project: Project) -> str:
    """Where the realm's endpoints are."""
    project.up("--build", env_file="deploy/compose/identity.env")
    return f"{project.at('KEYCLOAK')}/realms/clinch/protocol/openid-connect"


@pytest.fixture
def reached(project: Project) -> Reached:
    return project.client


def test_the_walk_works_with_its_tokens(project: Project, realm: str) -> None:
    [token] = [block for block in blocks("docs/operations/containers.md") if block.startswith("token()")]
    with project.client(by_password(realm, "dev-rep")) as rep:
        before = funnel(rep)
        walk(project.url, project.environment(), token=token.replace("http://127.0.0.1:8080", project.at("KEYCLOAK")))
        eventually(lambda: funnel(rep) == {step: before[step] + 1 for step in STEPS})
