"""The kinds of Prometheus Operator, External Secrets Operator and Gateway API, as far as tests/helm describes them."""

from typing import Any

from tests.cluster.client import Object
from tests.helm.crds import SCHEMAS, Schema


def definitions() -> list[Object]:
    return [_definition(api, kind, schema) for (api, kind), schema in SCHEMAS.items()]


def _definition(api: str, kind: str, schema: Schema) -> Object:
    group, version = api.split("/")
    plural = f"{kind.lower()}s"
    spec = {"type": "object", "properties": {"spec": _structural(schema["properties"]["spec"])}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            # Kubernetes keeps the names under k8s.io for itself; what is no copy of the approved text says so.
            "annotations": {"api-approved.kubernetes.io": "unapproved, reduced for tests"} if group.endswith("k8s.io") else {},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": spec}}],
        },
    }


def _structural(schema: Any) -> Any:
    """In the words that a CustomResourceDefinition knows; fields that are not named there are refused by themselves."""
    if not isinstance(schema, dict):
        return schema
    made = {name: _structural(value) for name, value in schema.items() if (name, value) != ("additionalProperties", False)}
    if "properties" in made:
        made["properties"] = {name: _structural(value) for name, value in schema["properties"].items()}
    if isinstance(made.get("const"), str):
        made = {"type": "string", "enum": [made["const"]]}
    if "pattern" in made or "enum" in made:
        made["type"] = "string"
    return made
