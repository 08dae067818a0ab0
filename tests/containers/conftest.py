"""The containers, started once for all tests here. Without a Docker engine one line says so instead of the tests."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.containers.project import EVERYTHING, Project

LOG_LINES = 15


def pytest_sessionstart() -> None:
    """CI must not pass over these tests because a Docker that is there does not work."""
    if not shutil.which("docker"):
        pytest.exit("the containers were not tested: there is no docker command here.", returncode=0)
    for words in (["version", "--format", "{{.Server.Version}}"], ["compose", "version"]):
        done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it does not say why"])[-1]
            must = os.environ.get("CI") == "true"
            pytest.exit(f"the containers were not tested: `docker {words[0]}` failed: {reason}", returncode=int(must))


@pytest.fixture(scope="session")
def project(request: pytest.FixtureRequest) -> Iterator[Project]:
    """Built and up, in development settings: the README's `docker compose up --build --wait`. Gone afterwards, whatever happened."""
    made = Project()
    made.down()
    try:
        try:
            made.up("--build")
        except (AssertionError, subprocess.TimeoutExpired) as failed:
            _show(request, made)
            pytest.exit(f"the containers did not start: {failed}", returncode=1)
        yield made
        if request.session.testsfailed:
            _show(request, made)
    finally:
        made.down()


def _show(request: pytest.FixtureRequest, project: Project) -> None:
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(project.compose(*EVERYTHING, "ps", "-a", "--format", "table {{.Service}}\t{{.Status}}", check=False))
        print(project.compose(*EVERYTHING, "logs", "--no-color", "--tail", str(LOG_LINES), check=False), flush=True)
