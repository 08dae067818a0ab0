"""Who may talk to whom, worked out from the policies as Kubernetes does."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from tests.helm.chart import Object, matches, of, pods

GATEWAY = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateways"}}}
MONITORING = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
COMPONENT = "app.kubernetes.io/component"


@pytest.fixture(scope="module")
def policies() -> list[Object]:
    return [policy["spec"] for policy in of("NetworkPolicy", "everything").values()]


def labels() -> dict[str, dict[str, str]]:
    return {name: pod["metadata"]["labels"] for name, pod in pods("everything")}


def rules(policies: list[Object], direction: str, pod: dict[str, str]) -> list[Object]:
    """The ingress or egress rules that apply to a pod."""
    assert any(matches(p["podSelector"], pod) and direction.title() in p["policyTypes"] for p in policies), "not closed at all"
    return [
        rule for p in policies if matches(p["podSelector"], pod) and direction.title() in p["policyTypes"] for rule in p.get(direction, [])
    ]


def ports(rule: Object) -> set[int]:
    return {port["port"] for port in rule["ports"]}


def test_every_pod_is_closed_both_ways(policies: list[Object]) -> None:
    for name, pod in labels().items():
        for direction in ("Ingress", "Egress"):
            assert any(matches(p["podSelector"], pod) and direction in p["policyTypes"] for p in policies), name


def test_nobody_else_reaches_a_port(policies: list[Object]) -> None:
    """A rule without `from` would let everybody in, and one without ports to every port."""
    for name, pod in labels().items():
        allowed = {(port, _who(peer)) for rule in rules(policies, "ingress", pod) for port in ports(rule) for peer in rule["from"]}
        figures = {(9000, "monitoring")}
        callers = {(8000, "gateways"), (8000, "front,test")}
        expected = {"api": figures | callers, "worker": figures, "front": {(8000, "gateways"), (8000, "api")}}
        assert allowed == expected.get(pod[COMPONENT], set()), name


def test_what_goes_out_is_what_each_needs(policies: list[Object]) -> None:
    dns, own_rule = {53}, {4317}
    needs = {
        "api": dns | own_rule | {5432, 443, 8000, 9021},
        "worker": dns | own_rule | {5432, 9092, 9021},
        "migrate": dns | own_rule | {5432},
        "topics": dns | own_rule | {9092},
        "front": dns | own_rule | {8000},
        "test": dns | own_rule | {8000},
    }
    for name, pod in labels().items():
        webhooks = {443} if (pod["app.kubernetes.io/name"], pod[COMPONENT]) == ("metrics-svc", "worker") else set()
        assert set().union(*map(ports, rules(policies, "egress", pod))) == needs[pod[COMPONENT]] | webhooks, name


def test_the_store_of_attachments_is_reached_where_one_is_set() -> None:
    (rule,) = of("NetworkPolicy", "everything")["clinch-store"]["spec"]["egress"]
    assert (rule["to"], ports(rule)) == ([{"ipBlock": {"cidr": "10.0.7.0/24"}}], {9021})
    assert "clinch-store" not in of("NetworkPolicy", "minimal")


def test_webhooks_reach_the_internet_and_no_private_range() -> None:
    (rule,) = of("NetworkPolicy", "everything")["clinch-webhooks"]["spec"]["egress"]
    for inside in (
        "10.0.0.1",
        "172.20.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "::1",
        "fd00::1",
        "fe80::1",
    ):
        assert not _allowed(rule, inside), inside
        assert not ip_address(inside).is_global or ip_address(inside).is_multicast
    for outside in ("8.8.8.8", "93.184.216.34", "2606:4700::1111", "10.1.2.3"):  # the last is listed as a private receiver
        assert _allowed(rule, outside), outside


def test_a_destination_can_be_narrowed(policies: list[Object]) -> None:
    (rule,) = of("NetworkPolicy", "everything")["clinch-postgres"]["spec"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "10.0.5.0/24"}}]
    (rule,) = of("NetworkPolicy", "minimal")["clinch-postgres"]["spec"]["egress"]
    assert "to" not in rule


def test_without_a_gateway_only_our_own_pods_reach_the_apis() -> None:
    (rule,) = of("NetworkPolicy", "minimal")["clinch-api"]["spec"]["ingress"]
    assert [_who(peer) for peer in rule["from"]] == ["front,test"]


def test_without_peers_the_figures_are_closed() -> None:
    """An empty list of peers must not become a rule without `from`."""
    spec = of("NetworkPolicy", "minimal", "--set-json", "networkPolicy.monitoring=[]")["clinch-admin"]["spec"]
    assert spec.get("ingress", []) == []


def _who(peer: dict[str, Any]) -> str:
    """A peer in one word; a namespace's name, or the components of our own pods."""
    if peer in (GATEWAY, MONITORING):
        return str(peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"])
    assert peer.keys() == {"podSelector"}
    assert peer["podSelector"]["matchLabels"] == {"app.kubernetes.io/part-of": "clinch", "app.kubernetes.io/instance": "clinch"}
    return ",".join(peer["podSelector"]["matchExpressions"][0]["values"])


def _allowed(rule: Object, address: str) -> bool:
    ip = ip_address(address)
    for block in (peer["ipBlock"] for peer in rule["to"]):
        network = ip_network(block["cidr"])
        if ip.version == network.version and ip in network and not any(ip in ip_network(e) for e in block.get("except", [])):
            return True
    return False
