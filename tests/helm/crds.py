"""What we use of objects that are not Kubernetes's own, as JSON Schema: strict, so that a misspelt field is found.

After the published definitions of Prometheus Operator, External Secrets Operator and Gateway API (standard channel).
"""

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string", "minLength": 1}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
DURATION: Schema = {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}


def strict(properties: Schema, required: str = "") -> Schema:
    return {"type": "object", "properties": properties, "required": required.split(), "additionalProperties": False}


def some(items: Schema, most: int = 100) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": most}


def kind(api: str, name: str, spec: Schema) -> Schema:
    metadata = strict({"name": TEXT, "namespace": TEXT, "labels": TEXTS, "annotations": TEXTS}, "name namespace labels")
    return strict(
        {"apiVersion": {"const": api}, "kind": {"const": name}, "metadata": metadata, "spec": spec}, "apiVersion kind metadata spec"
    )


_RELABEL = strict({"sourceLabels": some(TEXT), "targetLabel": TEXT, "replacement": TEXT, "regex": TEXT}, "sourceLabels targetLabel")
_ENDPOINT = strict(
    {"port": TEXT, "path": {"pattern": "^/"}, "interval": DURATION, "honorLabels": {"type": "boolean"}, "relabelings": some(_RELABEL)},
    "port",
)
_RULE = strict(
    {"alert": TEXT, "record": TEXT, "expr": TEXT, "for": DURATION, "keep_firing_for": DURATION, "labels": TEXTS, "annotations": TEXTS},
    "expr",
)
_REMOTE = strict({"secretKey": TEXT, "remoteRef": strict({"key": TEXT, "property": TEXT, "version": TEXT}, "key")}, "secretKey remoteRef")
_MATCH = strict({"path": strict({"type": {"const": "PathPrefix"}, "value": {"type": "string", "pattern": "^/"}}, "type value")}, "path")
_ROUTE_RULE = strict(
    {
        "matches": some(_MATCH, 64),
        "timeouts": strict({"request": DURATION}, "request"),
        "backendRefs": some(strict({"name": TEXT, "port": PORT}, "name port"), 16),
    },
    "matches timeouts backendRefs",
)

SCHEMAS: dict[tuple[str, str], Schema] = {
    (schema["properties"]["apiVersion"]["const"], schema["properties"]["kind"]["const"]): schema
    for schema in (
        kind(
            "monitoring.coreos.com/v1",
            "ServiceMonitor",
            strict({"selector": strict({"matchLabels": TEXTS}, "matchLabels"), "endpoints": some(_ENDPOINT)}, "selector endpoints"),
        ),
        kind(
            "monitoring.coreos.com/v1",
            "PrometheusRule",
            strict({"groups": some(strict({"name": TEXT, "interval": DURATION, "rules": some(_RULE)}, "name rules"))}, "groups"),
        ),
        kind(
            "external-secrets.io/v1",
            "ExternalSecret",
            strict(
                {
                    "refreshInterval": DURATION,
                    "secretStoreRef": strict({"name": TEXT, "kind": {"enum": ["SecretStore", "ClusterSecretStore"]}}, "name kind"),
                    "target": strict({"name": TEXT, "creationPolicy": {"const": "Owner"}}, "name creationPolicy"),
                    "data": some(_REMOTE),
                },
                "secretStoreRef target data",
            ),
        ),
        kind(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            strict(
                {
                    "parentRefs": some(strict({"name": TEXT, "namespace": TEXT, "sectionName": TEXT, "port": PORT}, "name"), 32),
                    "hostnames": some(TEXT, 16),
                    "rules": some(_ROUTE_RULE, 16),
                },
                "parentRefs rules",
            ),
        ),
    )
}
