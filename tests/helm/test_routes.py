"""One origin: which path leads to whom, and which limits it has there."""

import pytest
import yaml

from clinch.run.services import load
from clinch.run.settings import SERVICES
from tests.helm.chart import of
from tests.helm.engine import CHART

TABLE = yaml.safe_load((CHART / "files" / "paths.yaml").read_text())


@pytest.mark.parametrize("short", SERVICES)
def test_an_ingress_leads_each_service_the_paths_it_owns(short: str) -> None:
    paths = [path for ingress in of("Ingress", "everything").values() for path in ingress["spec"]["rules"][0]["http"]["paths"]]
    own = [path["path"] for path in paths if path["backend"]["service"] == {"name": f"clinch-{short}-api", "port": {"name": "http"}}]
    assert sorted(own) == sorted(load(short).paths)
    assert {path["pathType"] for path in paths} == {"Prefix"}
    assert len({path["path"] for path in paths}) == len(paths)


def test_imports_and_the_stream_have_annotations_of_their_own() -> None:
    found = of("Ingress", "everything")
    annotations = {name: ingress["metadata"]["annotations"] for name, ingress in found.items()}
    assert annotations == {"clinch": {"a": "b"}, "clinch-imports": {"a": "c"}, "clinch-stream": {"a": "b", "d": "e"}}
    for traffic in ("imports", "stream"):
        paths = [path["path"] for path in found[f"clinch-{traffic}"]["spec"]["rules"][0]["http"]["paths"]]
        assert paths == [row["path"] for row in TABLE if row.get("traffic") == traffic]


def test_every_ingress_is_of_the_host_and_its_certificate() -> None:
    for ingress in of("Ingress", "everything").values():
        assert ingress["spec"]["rules"][0]["host"] == "crm.example.test"
        assert ingress["spec"]["tls"] == [{"hosts": ["crm.example.test"], "secretName": "crm-tls"}]


def test_an_http_route_leads_as_the_ingress_does() -> None:
    (route,) = of("HTTPRoute", "everything").values()
    leads = {m["path"]["value"]: r["backendRefs"][0]["name"] for r in route["spec"]["rules"] for m in r["matches"]}
    assert leads == {row["path"]: f"clinch-{row['service']}-api" for row in TABLE} | {"/": "clinch-front"}
    assert sum(len(rule["matches"]) for rule in route["spec"]["rules"]) == len(leads)
    assert all(len(rule["matches"]) <= 8 for rule in route["spec"]["rules"])  # more than 8 only since Gateway API 1.1


def test_an_http_route_gives_imports_minutes_and_the_stream_no_limit() -> None:
    (route,) = of("HTTPRoute", "everything").values()
    limits = {m["path"]["value"]: r["timeouts"]["request"] for r in route["spec"]["rules"] for m in r["matches"]}
    assert limits["/v1/stream"] == "0s"
    assert limits["/v1/imports/leads"] == limits["/v1/imports/deals"] == "600s"
    assert {limit for path, limit in limits.items() if path != "/v1/stream" and "/imports/" not in path} == {"60s"}


def test_every_backend_is_a_service_with_that_port() -> None:
    services = of("Service", "everything")
    (route,) = of("HTTPRoute", "everything").values()
    for rule in route["spec"]["rules"]:
        (backend,) = rule["backendRefs"]
        assert backend["port"] in [port["port"] for port in services[backend["name"]]["spec"]["ports"]]
    for ingress in of("Ingress", "everything").values():
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            named = path["backend"]["service"]
            assert named["port"]["name"] in [port["name"] for port in services[named["name"]]["spec"]["ports"]]


def test_nothing_leads_in_unless_asked_for() -> None:
    assert not of("Ingress", "minimal")
    assert not of("HTTPRoute", "minimal")
    assert "clinch-front" not in of("Deployment", "minimal")
