"""All that the chart can make, taken by an API server with its defaults, admission and controllers. Its pods are pretended."""

import pytest

from tests.cluster.client import Object, until
from tests.cluster.conftest import Cluster
from tests.cluster.helm import RELEASE, Helm
from tests.helm.chart import CASES, objects
from tests.helm.crds import SCHEMAS

OPERATORS = "operators"


@pytest.fixture(scope="module", autouse=True)
def outside(cluster: Cluster) -> None:
    """What operators and administrators bring: the right to make an operator's objects, and a priority class."""
    resources = [{"apiGroups": [api.partition("/")[0]], "resources": [f"{kind.lower()}s"], "verbs": ["*"]} for api, kind in SCHEMAS]
    cluster.client.create("clusterroles", {"metadata": {"name": OPERATORS}, "rules": resources})
    cluster.client.create("priorityclasses", {"metadata": {"name": "business"}, "value": 1000})


def namespace(cluster: Cluster, name: str) -> Helm:
    """With a quota, so that a pod that does not say what it needs is refused."""
    helm = cluster.namespace(name)
    cluster.grant(OPERATORS, name)
    hard = {"pods": "60", "requests.cpu": "20", "requests.memory": "20Gi", "limits.memory": "40Gi"}
    cluster.client.create("resourcequotas", {"metadata": {"name": "most"}, "spec": {"hard": hard}}, name)
    return helm


@pytest.mark.parametrize("values", ["minimal", "everything", "external_secrets"])
def test_it_is_installed_upgraded_and_removed(cluster: Cluster, values: str) -> None:
    name = values.replace("_", "-")
    helm = namespace(cluster, name)
    said = helm.install(values, "--wait")
    assert "would violate" not in said
    assert "unknown field" not in said
    for wanted, count in _replicas(values).items():
        until(lambda n=wanted, c=count: _ready(cluster, n, name) == c, f"{count} pods of {wanted}")  # type: ignore[misc]
    helm.upgrade(values, "--wait", sets={"settings.log_level": "warning"})
    assert cluster.client.get("configmaps", "clinch-deal", name)["data"]["CLINCH_LOG_LEVEL"] == "warning"
    for wanted, count in _replicas(values).items():
        assert _ready(cluster, wanted, name) == count, "an upgrade keeps what the autoscaler decided"
    helm("uninstall", RELEASE, "--wait")
    until(lambda: not cluster.client.list("pods", name), "the pods have ended")
    kinds = {one["kind"].lower() + "s" for one in objects(values)} - {"pods"}
    left = {found for kind in kinds for found in cluster.client.names(_plural(kind), name) if found.startswith("clinch")}
    assert not left


def test_what_is_written_is_what_was_meant(cluster: Cluster) -> None:
    """No field of ours is unknown to the API server: asked by the strictest of its checks, which names each."""
    cluster.namespace("strict")
    for values in CASES:
        for one in objects(values):
            if one["kind"] == "Pod":  # admitted with an account that is there only, and nothing is made here
                one["spec"]["serviceAccountName"] = "default"
            cluster.client.try_out(_plural(one["kind"].lower() + "s"), one, "strict")


def _plural(kind: str) -> str:
    return {"networkpolicys": "networkpolicies", "ingresss": "ingresses"}.get(kind, kind)


def _replicas(values: str) -> dict[str, int]:
    """Pods of each deployment, the autoscaler's least where there is one."""
    found = objects(values)
    least: dict[str, int] = {o["metadata"]["name"]: o["spec"]["minReplicas"] for o in found if o["kind"] == "HorizontalPodAutoscaler"}
    return {o["metadata"]["name"]: least.get(o["metadata"]["name"]) or o["spec"]["replicas"] for o in found if o["kind"] == "Deployment"}


def _ready(cluster: Cluster, deployment: str, namespace: str) -> int:
    found: Object = cluster.client.get("deployments", deployment, namespace)["status"]
    return int(found.get("readyReplicas", 0))
