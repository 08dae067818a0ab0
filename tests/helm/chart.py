"""The chart, rendered: what the tests look at."""

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.helm.engine import CHART, helm

Object = dict[str, Any]
CASES = {path.stem: path for path in sorted((Path(__file__).parent / "values").glob("*.yaml"))}
"""Values to render the chart with, by name. `minimal` is what nobody can go without."""

VERSIONS = ("1.29", "1.37")
"""The oldest and the newest Kubernetes that the chart is checked with."""


def run(*args: str, values: str = "minimal") -> subprocess.CompletedProcess[str]:
    """`helm template` under the release name `clinch`, with more arguments."""
    # Without a cluster Helm takes a version of Kubernetes that depends on how it was built.
    where = ["--namespace", "crm", "--kube-version", VERSIONS[-1]]
    command = [helm(), "template", "clinch", str(CHART), *where, "-f", str(CASES[values]), *args]
    return subprocess.run(command, capture_output=True, text=True)


@cache
def text(values: str, *args: str) -> str:
    done = run(*args, values=values)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(values: str, *args: str) -> list[Object]:
    """All objects, the hooks among them."""
    return [found for found in yaml.safe_load_all(text(values, *args)) if found]


def of(kind: str, values: str, *args: str) -> dict[str, Object]:
    """The objects of one kind, by name."""
    found = [o for o in objects(values, *args) if o["kind"] == kind]
    assert len({o["metadata"]["name"] for o in found}) == len(found)
    return {o["metadata"]["name"]: o for o in found}


def pods(values: str, *args: str) -> Iterator[tuple[str, Object]]:
    """(kind/name, {metadata, spec}) of everything that runs."""
    for found in objects(values, *args):
        name = f"{found['kind']}/{found['metadata']['name']}"
        if found["kind"] in ("Deployment", "Job"):
            yield name, found["spec"]["template"]
        elif found["kind"] == "Pod":
            yield name, found


def container(pod: Object) -> Object:
    (only,) = pod["spec"]["containers"]
    found: Object = only
    return found


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector, as in NetworkPolicy, selects these labels."""
    for rule in selector.get("matchExpressions", []):
        assert rule["operator"] == "In"
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return bool(selector.get("matchLabels", {}).items() <= labels.items())
