"""What Prometheus and Grafana find, with their operators."""

import json

import pytest
import yaml

from tests.helm.chart import matches, objects, of
from tests.helm.engine import CHART, ROOT


@pytest.fixture(scope="module")
def names() -> list[str]:
    """The Services that the ServiceMonitor selects, through a port of that name."""
    (monitor,) = of("ServiceMonitor", "everything").values()
    (endpoint,) = monitor["spec"]["endpoints"]
    return [
        name
        for name, service in of("Service", "everything").items()
        if matches(monitor["spec"]["selector"], service["metadata"]["labels"])
        and endpoint["port"] in [p["name"] for p in service["spec"]["ports"]]
    ]


def test_every_api_and_worker_is_read_and_nothing_else(names: list[str]) -> None:
    assert sorted(names) == sorted(
        f"clinch-{short}-{role}" for short in ("lead", "deal", "contract", "metrics") for role in ("api", "worker")
    )


def test_figures_have_the_labels_that_alerts_and_dashboards_use(names: list[str]) -> None:
    """As deploy/prometheus/prometheus.yml gives them: `job` clinch-api or clinch-worker, `service` lead-svc ..."""
    (monitor,) = of("ServiceMonitor", "everything").values()
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    services = of("Service", "everything")
    made = set()
    for name in names:
        labels = {
            f"__meta_kubernetes_service_label_{k.replace('.', '_').replace('/', '_').replace('-', '_')}": v
            for k, v in services[name]["metadata"]["labels"].items()
        }
        rules = monitor["spec"]["endpoints"][0]["relabelings"]
        made.add(tuple((r["targetLabel"], r.get("replacement", "$1").replace("$1", labels[r["sourceLabels"][0]])) for r in rules))
    assert made == {
        (("service", f"{s}-svc"), ("job", f"clinch-{r}")) for s in ("lead", "deal", "contract", "metrics") for r in ("api", "worker")
    }
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    assert {"clinch-api", "clinch-worker"} <= {job["job_name"] for job in config["scrape_configs"]}


def test_the_rules_keep_their_own_templates() -> None:
    (rule,) = of("PrometheusRule", "everything").values()
    assert rule["spec"] == yaml.safe_load((CHART / "files/alerts.yml").read_text())
    assert "{{" in json.dumps(rule["spec"])


def test_each_dashboard_is_a_config_map_for_the_sidecar() -> None:
    found = [o for o in objects("everything") if o["kind"] == "ConfigMap" and o["metadata"]["labels"].get("grafana_dashboard") == "1"]
    originals = {path.name: path.read_text() for path in (CHART / "files/dashboards").glob("*.json")}
    assert originals
    assert {name: text for config in found for name, text in config["data"].items()} == originals
    assert all(json.loads(text)["uid"] for text in originals.values())


def test_alerts_and_dashboards_lead_to_the_pages_of_those_who_run_it() -> None:
    base = "https://git.example.test/clinch/blob/main/docs/operations/runbooks/"
    (rule,) = of("PrometheusRule", "everything", "--set", f"monitoring.runbooks={base}").values()
    alerts = {alert["alert"]: alert["annotations"] for group in rule["spec"]["groups"] for alert in group["rules"]}
    assert {name: said["runbook_url"] for name, said in alerts.items()} == {name: f"{base}{name}.md" for name in alerts}
    configs = of("ConfigMap", "everything", "--set", f"monitoring.runbooks={base}")
    board = json.loads(configs["clinch-dashboard-services"]["data"]["services.json"])
    links = {panel.get("description") for panel in board["panels"]}
    assert f"Runbook: [ClinchApiErrors]({base}ClinchApiErrors.md)" in links


def test_none_of_it_is_there_unless_asked_for() -> None:
    assert not {"ServiceMonitor", "PrometheusRule"} & {o["kind"] for o in objects("minimal")}
    assert not [o for o in objects("minimal") if o["metadata"]["labels"].get("grafana_dashboard")]
