"""One control plane for all tests; without its programs, one line says so instead of the tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.binaries import Missing, binaries
from tests.cluster.client import Client, until
from tests.cluster.control import INSTALLER, ControlPlane, control_plane
from tests.cluster.crds import definitions
from tests.cluster.helm import Helm
from tests.cluster.node import Node
from tests.cluster.services import logs
from tests.helm.engine import NoHelm, helm


def pytest_sessionstart() -> None:
    try:
        binaries()
        helm()
    except (Missing, NoHelm) as reason:
        pytest.exit(f"the chart was not installed on a cluster: {reason}", returncode=int(os.environ.get("CI") == "true"))


@dataclass(frozen=True)
class Cluster:
    plane: ControlPlane
    client: Client
    node: Node

    def namespace(self, name: str) -> Helm:
        """A new one that takes pods of the Pod Security Standard `restricted` only, where the installer has the rights of an `admin`."""
        level = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        self.client.create("namespaces", {"metadata": {"name": name, "labels": level}})
        until(lambda: "default" in self.client.names("serviceaccounts", name), "the namespace's account")
        self.grant("admin", name)
        until(lambda: self.client.get("clusterroles", "admin")["rules"], "the role has its rules")
        return Helm(self.plane.kubeconfig(INSTALLER, name), name, self.plane.folder / "helm")

    def grant(self, role: str, namespace: str) -> None:
        subject = {"kind": "User", "name": INSTALLER, "apiGroup": "rbac.authorization.k8s.io"}
        body = {"metadata": {"name": role}, "subjects": [subject], "roleRef": {"kind": "ClusterRole", "name": role}}
        self.client.create("rolebindings", body, namespace)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with _folder() as folder, control_plane(folder) as plane:
        client = plane.client()
        for definition in definitions():
            client.create("customresourcedefinitions", definition)
        node = Node(client, folder / "pods")
        with logs(node, plane.certificate) as port, node.working(port):
            yield Cluster(plane, client, node)
        client.close()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="clinch-cluster-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
