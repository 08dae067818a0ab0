"""The files that containers are made from, held against the code. Needs no Docker."""

import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from babel import localedata

from clinch.dev.acts import acts_in
from clinch.run.enter_people import EntrySettings
from clinch.run.front import FrontSettings
from clinch.run.people import SAMPLE_PEOPLE
from clinch.run.settings import SERVICES
from shared.access.kinds import KINDS
from shared.auth import Role
from shared.process.service import Service
from shared.process.settings import Settings

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


PACKAGES = {"deal": {"PACKAGES": "requirements-documents.lock"}}
"""What an image has besides what all have."""


@pytest.mark.parametrize("short", SERVICES)
def test_the_gateway_sends_each_service_the_paths_it_owns(short: str) -> None:
    table = re.findall(r"~\^(/(?:v1|p)/\S+)\(/\|\$\)\s+(\S+)-api;", GATEWAY)
    assert sorted(path for path, owner in table if owner == short) == sorted(service(short).paths)


def test_every_route_can_be_reached_through_the_gateway() -> None:
    """A route outside its service's prefixes would be there in a test of the service, and nowhere else."""
    for short in SERVICES:
        settings = service(short).settings(database_url="postgresql://", bus_url="postgresql://", issuer="http://issuer.test")
        of_policies = [policy.name for policy in service(short).policies]
        documented = service(short).app(settings).openapi()["paths"]
        paths = {path.replace("{policy}", name) for path in documented for name in of_policies}
        assert [p for p in paths if not any(p == own or p.startswith(f"{own}/") for own in service(short).paths)] == []


def test_streamed_bodies_pass_the_gateway() -> None:
    """nginx refuses what is longer than the limit: a path without one in a service needs a location without one."""
    unlimited = tuple(re.findall(r"location (/\S+) \{[^}]*client_max_body_size 0;", GATEWAY))
    assert unlimited
    for short in SERVICES:
        assert [path for path in service(short).streamed if not path.startswith(unlimited)] == []


@pytest.mark.parametrize("short", SERVICES)
def test_each_service_prepares_and_runs_twice_from_one_image(containers: dict[str, Any], short: str) -> None:
    ended = {"condition": "service_completed_successfully"}
    for command in ("migrate", "topics", "api", "worker"):
        container = containers[f"{short}-{command}"]
        assert container["command"] == [command]
        assert container["image"] == f"clinch/{service(short).name}:${{CLINCH_VERSION:-dev}}"
        assert container["build"]["args"] == {"SERVICE": service(short).name, **PACKAGES.get(short, {})}
        database = container["environment"]["CLINCH_DATABASE_URL"]
        assert database == f"postgresql://{short}:${{{short.upper()}_DB_PASSWORD:-development-only}}@postgres:5432/{short}"
        assert (container["read_only"], container["cap_drop"]) == (True, ["ALL"])
    assert containers[f"{short}-api"]["depends_on"] == {f"{short}-migrate": ended}
    assert containers[f"{short}-worker"]["depends_on"] == {f"{short}-migrate": ended, f"{short}-topics": ended}
    assert (ROOT / "services" / service(short).name).is_dir()


def test_the_front_asks_every_service(containers: dict[str, Any]) -> None:
    asked = FrontSettings.model_validate_json(
        '{"issuer": "", "services": %s}' % containers["front"]["environment"]["CLINCH_SERVICES"]  # noqa: UP031 (braces)
    ).services
    assert asked == {service(short).name: f"http://{short}-api:8000" for short in SERVICES}


def test_the_front_keeps_its_key_on_a_volume_and_can_write_nowhere_else(containers: dict[str, Any]) -> None:
    front = containers["front"]
    key = Path(front["environment"]["CLINCH_ISSUER_KEY_FILE"])
    assert front["volumes"] == [f"front:{key.parent}"]
    assert (front["read_only"], front["tmpfs"]) == (True, "/tmp")
    assert f"install -d -o 10001 -m 700 {key.parent}\n" in (ROOT / "deploy/Dockerfile").read_text()


def test_what_is_published_is_on_loopback_only(containers: dict[str, Any]) -> None:
    published = {name: container["ports"] for name, container in containers.items() if "ports" in container}
    assert published == {
        "gateway": ["127.0.0.1:${CLINCH_PORT:-8000}:8000"],
        "prometheus": ["127.0.0.1:${PROMETHEUS_PORT:-9090}:9090"],
        "grafana": ["127.0.0.1:${GRAFANA_PORT:-3000}:3000"],
        "keycloak": ["127.0.0.1:${KEYCLOAK_PORT:-8080}:8080"],
    }


def test_no_container_can_take_all_memory_or_fill_the_disk_with_logs(containers: dict[str, Any]) -> None:
    for name, container in containers.items():
        assert re.fullmatch(r"\d+[mg]", container["deploy"]["resources"]["limits"]["memory"]), name
        assert container["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}, name
        assert "no-new-privileges:true" in container["security_opt"], name


def test_every_setting_of_a_container_is_one_the_code_knows(containers: dict[str, Any]) -> None:
    others = {"front": FrontSettings, "people": EntrySettings}
    for name, container in containers.items():
        given = {key.removeprefix("CLINCH_").lower() for key in container.get("environment", {}) if key.startswith("CLINCH_")}
        short = name.partition("-")[0]
        known = others.get(name) or (service(short).settings if short in SERVICES else Settings)
        assert given <= known.model_fields.keys(), name


def test_the_profiles_add_what_they_say(containers: dict[str, Any]) -> None:
    found: dict[str, list[str]] = {}
    for name, container in containers.items():
        for profile in container.get("profiles", []):
            found.setdefault(profile, []).append(name)
    assert found == {"observability": ["prometheus", "grafana"], "identity": ["keycloak", "people"]}


def test_prometheus_scrapes_every_process(containers: dict[str, Any]) -> None:
    jobs = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    names = [name for job in jobs for found in job.get("dns_sd_configs", []) for name in found["names"]]
    assert sorted(names) == sorted(f"{short}-{process}" for short in SERVICES for process in ("api", "worker"))
    fixed = [target for job in jobs for found in job.get("static_configs", []) for target in found["targets"]]
    assert sorted(fixed) == sorted([*(f"{name}:9000" for name in names), "127.0.0.1:9090"])
    assert {name: containers[name]["command"] for name in names} == {name: [name.partition("-")[2]] for name in names}


def test_grafana_finds_what_it_is_given(containers: dict[str, Any]) -> None:
    mounted = dict(volume.split(":")[:2] for volume in containers["grafana"]["volumes"])
    provider = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/clinch.yml").read_text())["providers"][0]
    assert mounted["./deploy/grafana/dashboards"] == provider["options"]["path"]
    source = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    assert (source["uid"], source["url"]) == ("prometheus", "http://prometheus:9090")


def test_the_realm_has_our_roles_our_people_and_our_audience() -> None:
    realm = json.loads((ROOT / "deploy/keycloak/clinch-realm.json").read_text())
    named = {role["name"] for role in realm["roles"]["realm"]}
    scopes = {name for name in named if ":" in name}  # a service account is given its scopes as roles
    assert named - scopes == {role.value for role in Role if role is not Role.system}
    assert scopes >= {f"{kind.scopes[0]}:read" for kind in KINDS.values()}
    assert scopes >= {act.who.scope for short in SERVICES for act in acts_in(service(short)) if act.who.scope}
    people = {(u["id"], u["username"], f"{u['firstName']} {u['lastName']}", *u["realmRoles"]) for u in realm["users"] if "id" in u}
    assert people == {(str(p.id), p.key, p.name, p.role.value) for p in SAMPLE_PEOPLE}
    audiences = [[m["config"].get("included.custom.audience") for m in client["protocolMappers"]] for client in realm["clients"]]
    assert audiences == [[Settings.model_fields["audience"].default]] * 3
    identity = (ROOT / "deploy/compose/identity.env").read_text()
    assert f"/realms/{realm['realm']}\n" in identity
    assert f"/realms/{realm['realm']}/protocol/openid-connect/certs\n" in identity


def test_stand_ins_are_for_images_that_are_used(containers: dict[str, Any]) -> None:
    used = {container["image"] for container in containers.values()}
    for file in (ROOT / "tests/containers/standins").glob("*.Dockerfile"):
        made = re.findall(rf"docker build -t (\S+) -f tests/containers/standins/{file.name} ", file.read_text())
        assert len(made) == 1
        assert made[0] in used
    pom = (ROOT / "deploy/kafka/pom.xml").read_text()
    assert f"apache/kafka:{re.findall('<kafka.version>(.*)</kafka.version>', pom)[0]}" in used


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
        "--require-hashes --only-binary :all: --no-cache-dir --no-compile --target /packages -r requirements.lock \\",
        "--require-hashes --only-binary :all: --no-deps --no-cache-dir --no-compile --target /wheel -r requirements-page.lock \\",
    ]
    assert "apt" not in DOCKERFILE
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "index-url" not in lock
    pinned = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert [line for line in pinned if not re.match(r"^[\w.-]+(\[[\w,]+\])?==\S+ ", line)] == []
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_the_image_has_the_locales_that_are_used(tmp_path: Path) -> None:
    """Those whose words tell encodings, and those of documents, and no others: the rest of Babel's locales is 25 MB."""
    declared = re.search(r'^ARG LOCALES="(.+)"$', DOCKERFILE, re.M)
    assert declared
    whole = Path(localedata.resolve_locale_filename("root")).parent
    for locale in declared[1].split():
        shutil.copy(whole / f"{locale}.dat", tmp_path)
    tried = f"""
import sys
import babel.localedata as data
data._dirname = {str(tmp_path)!r}
from shared.imports.encoding import KNOWN
from shared.imports.letters import words
from shared.money import Money
Money.model_validate({{"amount": "1.50", "currency": "CNY"}})
from datetime import date
from decimal import Decimal
from babel.numbers import get_currency_name
from deal_svc.quotes.document import day, money
assert get_currency_name("JPY", locale="zh") == "日元"
print(*[day(date(2026, 3, 2), said) + money(Decimal("1234.5"), "CNY", said) for said in ("en", "zh")], file=sys.stderr)
for encoding in KNOWN.values():
    for language in encoding.languages:
        assert len(words(language)) > 500, language
print(*sorted(data._cache))
"""
    done = subprocess.run([sys.executable, "-c", tried], cwd=ROOT, check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.split() == declared[1].split()
    python = [file for part in ("shared", "services", "deploy/clinch") for file in (ROOT / part).rglob("*.py")]
    users = {str(file.relative_to(ROOT)) for file in python if re.search(r"^\s*(from|import) babel", file.read_text(), re.M)}
    assert users == {"shared/money.py", "shared/imports/letters.py", "services/deal-svc/deal_svc/quotes/document.py"}


def test_no_image_runs_as_root() -> None:
    final_stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)[-2:]
    assert [re.findall(r"^USER (\S+)", stage, re.M) for stage in final_stages] == [["10001"], ["10001"]]
    assert all("HEALTHCHECK" in stage for stage in final_stages)
