"""An installation for trials, whose pods are real processes on a real database: installed, tested, changed, brought back, removed."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from clinch.run.postgres import Postgres
from tests.cluster.client import Object, until
from tests.cluster.conftest import Cluster
from tests.cluster.helm import RELEASE, Helm
from tests.cluster.load import load
from tests.cluster.services import Services, gateway
from tests.harness import fresh_database

SHORTS = ("contract", "deal", "lead", "metrics")
NAMESPACE = "trial"
SHARED = {"cursor-key": "c0ffee-c0ffee-c0ffee", "secret-key": "c0ffee-c0ffee-c0ffee"}
LEADS = "http://clinch-lead-api:8000/v1/leads"


@dataclass(frozen=True)
class Trial:
    cluster: Cluster
    helm: Helm
    gateway: str
    sets: dict[str, str]

    def pods(self) -> dict[str, str]:
        """uid by "name/component" of those that serve."""
        return {
            "/".join(pod["metadata"]["labels"][f"app.kubernetes.io/{label}"] for label in ("name", "component")): pod["metadata"]["uid"]
            for pod in self.cluster.client.list("pods", NAMESPACE)
            if "app.kubernetes.io/name" in pod["metadata"].get("labels", {}) and pod["status"]["phase"] == "Running"
            and "deletionTimestamp" not in pod["metadata"]
        }  # fmt: skip

    def settings(self, short: str) -> dict[str, str]:
        data: dict[str, str] = self.cluster.client.get("configmaps", f"clinch-{short}", NAMESPACE)["data"]
        return data

    def token(self) -> str:
        with httpx.Client(proxy=self.gateway) as client:
            answer = client.post("http://clinch-front:8000/dev-issuer/token", json={"role": "admin"})
        found: str = answer.raise_for_status().json()["access_token"]
        return found


@pytest.fixture(scope="module")
def trial(cluster: Cluster, postgres: Postgres) -> Iterator[Trial]:
    helm = cluster.namespace(NAMESPACE)
    log, *databases = (asyncio.run(fresh_database(postgres)) for _ in range(5))
    # The log is one in Postgres: values would take Kafka's address only.
    secret(cluster, "shared", SHARED | {"bus-url": log})
    sets = {f"secrets.{short}.values.database_url": url for short, url in zip(SHORTS, databases, strict=True)}
    sets |= {"secrets.shared.values": "null", "secrets.shared.existingSecret": "shared"}
    with gateway(Services(cluster.client, NAMESPACE)) as url:
        cluster.node.gateways[NAMESPACE] = url
        found = Trial(cluster, helm, url, sets)
        found.helm.install("trial", "--wait", sets=sets)
        yield found


def _of_a_database_that_is_not_there(trial: Trial) -> str:
    return urlsplit(trial.sets["secrets.deal.values.database_url"])._replace(path="/mistyped").geturl()


def secret(cluster: Cluster, name: str, texts: dict[str, str], namespace: str = NAMESPACE) -> Object:
    return cluster.client.create("secrets", {"metadata": {"name": name}, "stringData": texts}, namespace)


def test_migrations_run_before_anything_else(trial: Trial) -> None:
    names = [pod for namespace, pod in trial.cluster.node.started if namespace == NAMESPACE]
    assert [name.rpartition("-")[0] for name in names[:4]] == [f"clinch-{short}-migrate" for short in SHORTS]
    assert not any("migrate" in name for name in names[4:])


def test_nothing_of_the_hooks_is_left_and_every_pod_is_ready(trial: Trial) -> None:
    client = trial.cluster.client
    assert not client.list("jobs", NAMESPACE)
    assert client.names("secrets", NAMESPACE) == {"shared", f"sh.helm.release.v1.{RELEASE}.v1", *(f"clinch-{s}" for s in SHORTS)}
    assert trial.pods().keys() == {"front/front", *(f"{s}-svc/{role}" for s in SHORTS for role in ("api", "worker"))}


def test_helm_test_finds_every_api_ready(trial: Trial) -> None:
    said = trial.helm("test", RELEASE, "--logs")
    assert "Succeeded" in said
    assert said.count("/readyz ") == 4
    until(lambda: "test/test" not in trial.pods(), "the test's pod is gone")


def test_an_upgrade_replaces_the_pods_that_it_concerns_and_no_request_fails(trial: Trial) -> None:
    before = trial.pods()
    with load(LEADS, trial.gateway, trial.token()) as seen:
        until(lambda: seen["200"] > 20, "requests are answered")
        trial.helm.upgrade("trial", "--wait", sets=trial.sets | {"services.lead.settings.pool_size": "7"})
        enough = seen["200"] + 20
        until(lambda: seen["200"] > enough, "requests are answered by the new pods")
    print(f"{seen} requests by what came back")
    assert seen.keys() == {"200"}
    until(lambda: trial.pods().keys() == before.keys(), "the old pods are gone")
    after = trial.pods()
    assert {name for name in before if before[name] != after[name]} == {"lead-svc/api", "lead-svc/worker"}
    assert trial.settings("lead")["CLINCH_POOL_SIZE"] == "7"


def test_a_migration_that_fails_leaves_the_old_release_running_and_says_why(trial: Trial) -> None:
    before = trial.pods()
    secret(trial.cluster, "mistyped", {"database-url": _of_a_database_that_is_not_there(trial)})
    wrong = {"secrets.deal.values": "null", "secrets.deal.existingSecret": "mistyped", "services.lead.settings.pool_size": "8"}
    without = {name: value for name, value in trial.sets.items() if "deal" not in name}
    said = trial.helm.upgrade("trial", "--wait", sets=without | wrong, fails=True)
    assert "clinch-deal-migrate" in said
    assert "deal-svc cannot use its database, see CLINCH_DATABASE_URL" in said
    client = trial.cluster.client
    assert client.names("jobs", NAMESPACE) == {"clinch-deal-migrate"}
    assert client.get("jobs", "clinch-deal-migrate", NAMESPACE)["status"]["failed"] == 1  # a wrong setting is not tried again
    assert not [name for name in client.names("secrets", NAMESPACE) if name.endswith("-hook")]
    assert trial.pods() == before
    assert trial.settings("lead")["CLINCH_POOL_SIZE"] == "7"


def test_a_rollback_brings_the_first_settings_back(trial: Trial) -> None:
    before = trial.pods()
    with load(LEADS, trial.gateway, trial.token()) as seen:
        trial.helm("rollback", RELEASE, "1", "--wait", "--timeout", "10m")
    print(f"{seen} requests by what came back")
    assert seen.keys() == {"200"}
    assert trial.settings("lead")["CLINCH_POOL_SIZE"] == "10"
    until(lambda: trial.pods().keys() == before.keys(), "the old pods are gone")


def test_a_job_that_failed_stays_until_the_next_upgrade(trial: Trial) -> None:
    client, before = trial.cluster.client, trial.pods()
    assert client.names("jobs", NAMESPACE) == {"clinch-deal-migrate"}
    trial.helm.upgrade("trial", "--wait", sets=trial.sets)
    assert not client.list("jobs", NAMESPACE)
    assert trial.pods() == before


def test_what_is_removed_leaves_nothing_but_what_was_there_before(trial: Trial) -> None:
    client = trial.cluster.client
    trial.helm("uninstall", RELEASE, "--wait", "--timeout", "10m")
    until(lambda: not client.list("pods", NAMESPACE), "the pods have ended")
    kinds = ("deployments", "replicasets", "jobs", "services", "endpointslices", "networkpolicies", "poddisruptionbudgets")
    assert not [(kind, name) for kind in kinds for name in client.names(kind, NAMESPACE)]
    assert client.names("configmaps", NAMESPACE) == {"kube-root-ca.crt"}
    assert client.names("secrets", NAMESPACE) == {"shared", "mistyped"}
    assert client.names("serviceaccounts", NAMESPACE) == {"default"}


def test_an_installation_whose_first_migration_failed_is_tried_again_by_an_upgrade(cluster: Cluster, trial: Trial) -> None:
    again = "again"
    helm, client = cluster.namespace(again), cluster.client
    cluster.node.gateways[again] = trial.gateway
    secret(cluster, "shared", SHARED | {"bus-url": "kafka://kafka:9092"}, again)
    wrong = trial.sets | {"secrets.contract.values.database_url": _of_a_database_that_is_not_there(trial)}
    said = helm.install("trial", "--wait", sets=wrong, fails=True)
    assert "mistyped" in said
    assert not client.list("deployments", again)
    assert client.names("jobs", again) == {"clinch-contract-migrate"}
    del cluster.node.gateways[again]  # its pods are pretended from here
    helm.upgrade("trial", "--install", "--wait", sets=trial.sets)
    assert not client.list("jobs", again)
    assert len(client.list("deployments", again)) == 9
