"""Profile `observability`: Prometheus finds every process, and Grafana what it is given."""

import json

import httpx
import pytest
import yaml

from tests.clinch.walk import ROOT
from tests.containers.project import USERS, Project, eventually

EXPECTED = {(f"clinch-{any_}{process}", f"{user}-svc") for user in USERS for process in ("api", "worker") for any_ in ("", "any-")}


@pytest.fixture(scope="module")
def prometheus(project: Project) -> httpx.Client:
    project.up("--no-deps", "prometheus", "grafana", profile="observability")
    return httpx.Client(base_url=f"{project.at('PROMETHEUS')}/api/v1", timeout=30)


def test_every_process_is_scraped(prometheus: httpx.Client) -> None:
    def all_up() -> bool:
        found = prometheus.get("/query", params={"query": 'up{job=~"clinch-.*"} == 1'}).json()["data"]["result"]
        return {(at["metric"]["job"], at["metric"]["service"]) for at in found} == EXPECTED

    def all_tell() -> bool:
        pending = prometheus.get("/query", params={"query": "clinch_outbox_pending"}).json()["data"]["result"]
        return {at["metric"]["service"] for at in pending} == {f"{user}-svc" for user in USERS}

    eventually(all_up)
    eventually(all_tell)


def test_a_service_without_a_process_is_down_and_not_forgotten(project: Project, prometheus: httpx.Client) -> None:
    project.compose("stop", "deal-worker")
    down = {"query": 'up{job="clinch-any-worker", service="deal-svc"} == 0'}
    eventually(lambda: prometheus.get("/query", params=down).json()["data"]["result"])
    project.compose("start", "deal-worker")


def test_it_watches_by_every_alert_rule(prometheus: httpx.Client) -> None:
    written = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    read = prometheus.get("/rules").json()["data"]["groups"]
    assert {r["name"] for g in read for r in g["rules"]} == {r.get("alert") or r["record"] for g in written for r in g["rules"]}
    eventually(lambda: all(r["health"] == "ok" for g in prometheus.get("/rules").json()["data"]["groups"] for r in g["rules"]))


def test_grafana_shows_every_dashboard(project: Project, prometheus: httpx.Client) -> None:
    with httpx.Client(base_url=project.at("GRAFANA"), auth=("admin", "development-only"), timeout=30) as grafana:
        if grafana.get("/api/health").json()["version"] == "stand-in":
            print("this is no Grafana: only its health was asked, nothing is known of the dashboards")
            return
        files = [json.loads(file.read_text()) for file in (ROOT / "deploy/grafana/dashboards").glob("*.json")]
        eventually(lambda: {d["uid"] for d in grafana.get("/api/search?type=dash-db").json()} == {file["uid"] for file in files})
        assert grafana.get("/api/datasources/uid/prometheus/health").json()["status"] == "OK"


def test_they_can_be_reached_from_this_machine_only(project: Project, prometheus: httpx.Client) -> None:
    for service in ("prometheus", "grafana"):
        host = project.inspect(service)["HostConfig"]
        assert [at["HostIp"] for bindings in host["PortBindings"].values() for at in bindings] == ["127.0.0.1"]
        assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
