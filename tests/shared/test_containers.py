"""The files that containers are made from, held against the code. Needs no Docker."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from clinch.front import FrontSettings
from clinch.settings import SERVICES
from shared.service import Service
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
GATEWAY = (ROOT / "deploy/gateway/nginx.conf").read_text()

VARIABLE = re.compile(r"\$\{(\w+):-((?:[^{}]|\{\}|\$\{[^{}]*\})*)\}")
REGISTRY_HOST = re.compile(r"^[^/]*[.:][^/]*/")  # as Docker reads an image's name: a first part with a dot or a port


@pytest.fixture(scope="module")
def containers() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
    return found


def service(short: str) -> Service:
    loaded: Service = importlib.import_module(SERVICES[short]).service
    return loaded


@pytest.mark.parametrize("short", SERVICES)
def test_the_gateway_sends_each_service_the_paths_it_owns(short: str) -> None:
    table = re.findall(r"~\^(/v1/\S+)\(/\|\$\)\s+(\S+)-api;", GATEWAY)
    assert sorted(path for path, owner in table if owner == short) == sorted(service(short).paths)


def test_every_route_can_be_reached_through_the_gateway() -> None:
    """A route outside its service's prefixes would be there in a test of the service, and nowhere else."""
    settings = Settings(database_url="postgresql://", bus_url="postgresql://", issuer="http://issuer.test")
    for short in SERVICES:
        paths = service(short).app(settings).openapi()["paths"]
        assert [p for p in paths if not any(p == own or p.startswith(f"{own}/") for own in service(short).paths)] == []


def test_streamed_bodies_pass_the_gateway() -> None:
    """nginx refuses what is longer than the limit: a path without one in a service needs a location without one."""
    unlimited = tuple(re.findall(r"location (/\S+) \{[^}]*client_max_body_size 0;", GATEWAY))
    assert unlimited
    for short in SERVICES:
        assert [path for path in service(short).streamed if not path.startswith(unlimited)] == []


@pytest.mark.parametrize("short", SERVICES)
def test_each_service_migrates_and_runs_twice_from_one_image(containers: dict[str, Any], short: str) -> None:
    for command in ("migrate", "api", "worker"):
        container = containers[f"{short}-{command}"]
        assert container["command"] == [command]
        assert container["image"] == f"clinch/{service(short).name}:${{CLINCH_VERSION:-dev}}"
        assert container["build"]["args"] == {"SERVICE": service(short).name}
        database = container["environment"]["CLINCH_DATABASE_URL"]
        assert database == f"postgresql://{short}:${{{short.upper()}_DB_PASSWORD:-development-only}}@postgres:5432/{short}"
        assert (container["read_only"], container["cap_drop"]) == (True, ["ALL"])
        if command != "migrate":
            assert container["depends_on"][f"{short}-migrate"] == {"condition": "service_completed_successfully"}
    assert (ROOT / "services" / service(short).name).is_dir()


def test_the_front_asks_every_service(containers: dict[str, Any]) -> None:
    asked = FrontSettings.model_validate_json(
        '{"issuer": "", "services": %s}' % containers["front"]["environment"]["CLINCH_SERVICES"]  # noqa: UP031 (braces)
    ).services
    assert asked == {service(short).name: f"http://{short}-api:8000" for short in SERVICES}


def test_only_the_gateway_is_published_and_on_loopback_only(containers: dict[str, Any]) -> None:
    published = {name: container["ports"] for name, container in containers.items() if "ports" in container}
    assert published == {"gateway": ["127.0.0.1:${CLINCH_PORT:-8000}:8000"]}


def test_every_setting_of_a_container_is_one_the_code_knows(containers: dict[str, Any]) -> None:
    for name, container in containers.items():
        known = FrontSettings if name == "front" else Settings
        given = {key.removeprefix("CLINCH_").lower() for key in container.get("environment", {}) if key.startswith("CLINCH_")}
        assert given <= known.model_fields.keys(), name


def test_the_example_env_names_each_variable_with_its_default() -> None:
    lines = (ROOT / "deploy/compose/example.env").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    used: dict[str, set[str]] = {}
    for name, default in VARIABLE.findall(COMPOSE):
        used.setdefault(name, set()).add(VARIABLE.sub(lambda inner: inner[2], default))
    assert len(VARIABLE.findall(COMPOSE)) + COMPOSE.count("${CLINCH_PORT:-8000}/dev-issuer") == COMPOSE.count("${")
    assert used == {name: {value} for name, value in example.items()}


def test_no_registry_is_named(containers: dict[str, Any]) -> None:
    images = [
        *re.findall(r"^FROM (\S+)", DOCKERFILE, re.M),
        *re.findall(r"--from=(\S+)", DOCKERFILE),
        *(c["image"] for c in containers.values()),
    ]
    assert [image for image in images if REGISTRY_HOST.match(image.partition(":${")[0])] == []
    assert "http" not in re.sub(r"http://127\.0\.0\.1:\d+", "", DOCKERFILE)


def test_the_images_install_the_lock_and_nothing_else() -> None:
    assert re.findall(r"pip install (.*)", DOCKERFILE) == [
        "--require-hashes --only-binary :all: --no-cache-dir --no-compile --target /packages -r requirements.lock \\"
    ]
    assert "apt" not in DOCKERFILE
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "index-url" not in lock
    pinned = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert [line for line in pinned if not re.match(r"^[\w.-]+(\[[\w,]+\])?==\S+ ", line)] == []
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_no_image_runs_as_root() -> None:
    final_stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)[-2:]
    assert [re.findall(r"^USER (\S+)", stage, re.M) for stage in final_stages] == [["10001"], ["10001"]]
    assert all("HEALTHCHECK" in stage for stage in final_stages)
