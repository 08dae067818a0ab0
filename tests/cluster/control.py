"""A Kubernetes control plane on loopback, without root and without containers: etcd, API server, controllers."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from clinch.ops.kafka.node import free_ports
from tests.cluster.binaries import binaries
from tests.cluster.client import Client, until

CONTROLLERS = (
    "deployment-controller", "replicaset-controller", "job-controller", "endpointslice-controller", "disruption-controller",
    "horizontal-pod-autoscaler-controller", "garbage-collector-controller", "namespace-controller", "resourcequota-controller",
    "serviceaccount-controller", "root-ca-certificate-publisher-controller", "clusterrole-aggregation-controller",
)  # fmt: skip
"""Those that act on what the chart makes. No node is real, so nothing watches nodes."""
ADMIN, INSTALLER = "admin", "installer"
"""Who may do everything, and who may do what the tests grant: the names are the bearer tokens too."""


@dataclass(frozen=True)
class ControlPlane:
    url: str
    folder: Path

    @property
    def certificate(self) -> Path:
        """The API server's own, which is what a client trusts, with its key beside it (.key)."""
        return self.folder / "certificates" / "apiserver.crt"

    def client(self, who: str = ADMIN) -> Client:
        return Client(self.url, who, str(self.certificate))

    def kubeconfig(self, who: str, namespace: str = "default") -> Path:
        cluster = {"name": "here", "cluster": {"server": self.url, "certificate-authority": str(self.certificate)}}
        context = {"name": "here", "context": {"cluster": "here", "user": who, "namespace": namespace}}
        user = {"name": who, "user": {"token": who}}
        path = self.folder / f"{who}.kubeconfig"
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1", "kind": "Config", "current-context": "here",
                    "clusters": [cluster], "contexts": [context], "users": [user],
                }
            )
        )  # fmt: skip
        return path


@contextmanager
def control_plane(folder: Path) -> Iterator[ControlPlane]:
    """A new, empty cluster that keeps its data and its programs' logs in `folder`."""
    programs = binaries()
    etcd_port, peer_port, port = free_ports(3)
    here = ControlPlane(f"https://127.0.0.1:{port}", folder)
    etcd = f"http://127.0.0.1:{etcd_port}"
    key = folder / "accounts.key"
    key.write_bytes(
        rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    (folder / "tokens.csv").write_text(f"{ADMIN},{ADMIN},1,system:masters\n{INSTALLER},{INSTALLER},2,\n")
    with ExitStack() as stack:
        stack.enter_context(
            _running(
                [
                    programs["etcd"], f"--data-dir={folder / 'etcd'}", f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}",
                    f"--listen-peer-urls=http://127.0.0.1:{peer_port}", "--unsafe-no-fsync", "--log-level=warn",
                ], folder / "etcd.log",
            )
        )  # fmt: skip
        stack.enter_context(
            _running(
                [
                    programs["kube-apiserver"], f"--etcd-servers={etcd}", "--bind-address=127.0.0.1", f"--secure-port={port}",
                    f"--cert-dir={here.certificate.parent}", f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC",
                    f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
                    "--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.96.0.0/16",
                    "--endpoint-reconciler-type=none",  # it would refuse to publish a loopback address
                ], folder / "kube-apiserver.log",
            )
        )  # fmt: skip
        until(here.certificate.exists, "the API server's certificate")
        client = here.client()
        stack.callback(client.close)
        until(client.ready, f"the API server is ready, see {folder / 'kube-apiserver.log'}")
        stack.enter_context(
            _running(
                [
                    programs["kube-controller-manager"], f"--kubeconfig={here.kubeconfig(ADMIN)}", "--leader-elect=false",
                    "--secure-port=0", f"--service-account-private-key-file={key}", f"--root-ca-file={here.certificate}",
                    f"--controllers={','.join(CONTROLLERS)}", "--horizontal-pod-autoscaler-sync-period=2s",
                ], folder / "kube-controller-manager.log",
            )
        )  # fmt: skip
        until(lambda: "default" in client.names("serviceaccounts", "default"), "the controllers work")
        yield here


@contextmanager
def _running(command: Sequence[str | Path], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            time.sleep(0.2)
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
