"""How many pods there are, and how many may be missing."""

import pytest

from tests.helm.chart import CASES, matches, of


@pytest.mark.parametrize("values", CASES)
def test_an_autoscaler_and_a_number_of_replicas_never_contradict(values: str) -> None:
    scalers, deployments = of("HorizontalPodAutoscaler", values), of("Deployment", values)
    for name, deployment in deployments.items():
        assert ("replicas" in deployment["spec"]) != (name in scalers), name
    for name, scaler in scalers.items():
        spec = scaler["spec"]
        assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        assert 1 <= spec["minReplicas"] <= spec["maxReplicas"]


@pytest.mark.parametrize("values", CASES)
def test_a_budget_leaves_at_least_one_pod_and_never_blocks_a_node(values: str) -> None:
    budgets, scalers, deployments = of("PodDisruptionBudget", values), of("HorizontalPodAutoscaler", values), of("Deployment", values)
    least = {n: scalers[n]["spec"]["minReplicas"] if n in scalers else d["spec"]["replicas"] for n, d in deployments.items()}
    assert budgets.keys() == {name for name, count in least.items() if count > 1 and name != "clinch-front"}
    for name, budget in budgets.items():
        assert 1 <= budget["spec"]["maxUnavailable"] < least[name]
        assert matches(budget["spec"]["selector"], deployments[name]["spec"]["template"]["metadata"]["labels"])


def test_by_default_nothing_is_there_once() -> None:
    assert len(of("PodDisruptionBudget", "minimal")) == 8
    assert len(of("HorizontalPodAutoscaler", "minimal")) == 4
    assert not of("HorizontalPodAutoscaler", "trial")


def test_pods_of_one_deployment_are_spread() -> None:
    for name, deployment in of("Deployment", "minimal").items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        spread = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert [s["topologyKey"] for s in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"], name
        assert all(matches(s["labelSelector"], labels) for s in spread), name
