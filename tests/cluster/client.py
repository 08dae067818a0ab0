"""What the tests ask an API server."""

import ssl
import time
from collections.abc import Callable
from typing import Any

import httpx

Object = dict[str, Any]
GROUPS = {
    "deployments": "apis/apps/v1",
    "replicasets": "apis/apps/v1",
    "jobs": "apis/batch/v1",
    "endpointslices": "apis/discovery.k8s.io/v1",
    "horizontalpodautoscalers": "apis/autoscaling/v2",
    "poddisruptionbudgets": "apis/policy/v1",
    "networkpolicies": "apis/networking.k8s.io/v1",
    "ingresses": "apis/networking.k8s.io/v1",
    "rolebindings": "apis/rbac.authorization.k8s.io/v1",
    "clusterroles": "apis/rbac.authorization.k8s.io/v1",
    "customresourcedefinitions": "apis/apiextensions.k8s.io/v1",
    "priorityclasses": "apis/scheduling.k8s.io/v1",
    "servicemonitors": "apis/monitoring.coreos.com/v1",
    "prometheusrules": "apis/monitoring.coreos.com/v1",
    "externalsecrets": "apis/external-secrets.io/v1",
    "httproutes": "apis/gateway.networking.k8s.io/v1",
}
"""Where a kind is that is not of the core group."""
APART = "cluster-wide"


class Gone(AssertionError):
    """There is no such object, or none any more."""


class Client:
    """Objects of an API server, by kind and namespace. A refusal raises AssertionError with what the server said; 404 is `Gone`."""

    def __init__(self, url: str, token: str, trusted: str) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=trusted),
            timeout=20,
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **options: Any) -> Object:
        answer = self._http.request(method, path, **options)
        if not answer.is_success:
            raise (Gone if answer.status_code == 404 else AssertionError)(f"{method} {path}: {answer.status_code} {answer.text}")
        found: Object = answer.json()
        return found

    def ready(self) -> bool:
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def list(self, kind: str, namespace: str | None = None) -> list[Object]:
        found: list[Object] = self.ask("GET", _path(kind, namespace))["items"]
        return found

    def names(self, kind: str, namespace: str | None = None) -> set[str]:
        return {one["metadata"]["name"] for one in self.list(kind, namespace)}

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object:
        return self.ask("GET", f"{_path(kind, namespace)}/{name}")

    def create(self, kind: str, body: Object, namespace: str | None = None) -> Object:
        return self.ask("POST", _path(kind, namespace), json=body)

    def try_out(self, kind: str, body: Object, namespace: str) -> Object:
        """Have it checked and admitted in this namespace, strictly, without making it."""
        body = body | {"metadata": body["metadata"] | {"namespace": namespace}}
        return self.ask("POST", _path(kind, namespace), json=body, params={"dryRun": "All", "fieldValidation": "Strict"})

    def patch(self, kind: str, name: str, body: Object, namespace: str | None = None, part: str = "") -> Object:
        headers = {"content-type": "application/merge-patch+json"}
        return self.ask("PATCH", f"{_path(kind, namespace)}/{name}{part}", json=body, headers=headers)

    def delete(self, kind: str, name: str, namespace: str | None = None, seconds: int | None = None) -> None:
        """`seconds`: the grace that is left to it."""
        self.ask("DELETE", f"{_path(kind, namespace)}/{name}", params={} if seconds is None else {"gracePeriodSeconds": seconds})


def _path(kind: str, namespace: str | None) -> str:
    return "/".join([GROUPS.get(kind, "api/v1"), *([f"namespaces/{namespace}"] if namespace else []), kind])


def until(check: Callable[[], object], what: str, seconds: float = 120) -> None:
    """Return when `check` is true; it may take long on a busy machine, and fails with `what` when it takes too long."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.1)
