"""Every rendered object is one that Kubernetes takes: checked with the schemas of its oldest and newest version that the chart may meet."""

import re
import subprocess
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.helm.chart import CASES, VERSIONS, Object, objects, text
from tests.helm.crds import SCHEMAS
from tests.helm.engine import CHART, helm

NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")


@pytest.mark.parametrize("values", CASES)
def test_helm_finds_nothing_to_say(values: str) -> None:
    done = subprocess.run([helm(), "lint", "--strict", str(CHART), "-f", str(CASES[values])], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", CASES)
def test_every_object_is_valid(values: str, version: str) -> None:
    found = objects(values, "--kube-version", version)
    assert len(found) > 30
    for one in found:
        if schema := SCHEMAS.get((one["apiVersion"], one["kind"])):
            jsonschema.validate(one, schema)
        else:
            kubernetes_validate.validate(one, version, strict=True)


def test_the_oldest_version_is_the_one_that_the_chart_names() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"] == f">={VERSIONS[0]}.0-0"


@pytest.mark.parametrize("values", CASES)
def test_names_and_labels_are_legal_and_nothing_is_there_twice(values: str) -> None:
    found = objects(values)
    seen = [(o["kind"], o["metadata"]["name"]) for o in found]
    assert len(set(seen)) == len(seen)
    for one in found:
        name = one["metadata"]["name"]
        assert NAME.fullmatch(name), name
        assert len(name) <= 63
        assert one["metadata"]["namespace"] == "crm"
        for value in one["metadata"]["labels"].values():
            assert LABEL.fullmatch(value), value
            assert len(value) <= 63


def test_a_release_with_a_long_name_still_has_legal_names() -> None:
    for one in objects("everything", "--set", "fullnameOverride=" + "a" * 60):
        assert len(one["metadata"]["name"]) <= 63


@pytest.mark.parametrize("values", CASES)
def test_every_line_is_the_same_each_time(values: str) -> None:
    """Or each upgrade would replace all pods."""
    assert text(values) == text(values, "--no-hooks=false")


@pytest.mark.parametrize("values", CASES)
def test_no_registry_is_named(values: str) -> None:
    images = [c["image"] for c in _containers(objects(values))]
    assert images
    for image in images:
        assert re.fullmatch(
            r"(mirror/)?clinch/(lead|deal|contract|metrics)-svc(:[\w.]+|@sha256:[0-9a-f]{64})|(mirror/)?clinch/front:[\w.]+", image
        )


def test_a_digest_takes_the_place_of_the_tag() -> None:
    images = {c["image"] for c in _containers(objects("everything"))}
    assert {i for i in images if "metrics-svc" in i} == {"mirror/clinch/metrics-svc@sha256:" + "0" * 64}
    assert {i for i in images if "deal-svc" in i} == {"mirror/clinch/deal-svc:1.2.3"}


def _containers(found: list[Object]) -> list[dict[str, Any]]:
    pods = [o["spec"]["template"] if o["kind"] in ("Deployment", "Job") else o for o in found if o["kind"] in ("Deployment", "Job", "Pod")]
    return [container for pod in pods for container in pod["spec"]["containers"]]
