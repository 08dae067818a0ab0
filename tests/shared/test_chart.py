"""The files of the Helm chart, held against the code. Needs no Helm; `make helm-check` looks at what it renders."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from clinch.run.services import load
from clinch.run.settings import SERVICES

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "clinch"
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
PATHS: list[dict[str, str]] = yaml.safe_load((CHART / "files" / "paths.yaml").read_text())
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())

SECRET = {"database_url", "bus_url", "cursor_key", "secret_key"}
FIXED = {"port", "admin_port", "version"}
"""What a container is, and not what an operator chooses."""
BY_FILE = {"smtp_url", "s3_secret_key"}
"""Secrets that few need: CLINCH_SMTP_URL_FILE, CLINCH_S3_SECRET_KEY_FILE in `extraEnv`."""


@pytest.mark.parametrize("short", SERVICES)
def test_each_service_gets_the_paths_it_owns(short: str) -> None:
    own = [row for row in PATHS if row["service"] == short]
    assert sorted(row["path"] for row in own) == sorted(load(short).paths)
    assert tuple(row["path"] for row in own if row.get("traffic") == "imports") == load(short).streamed


def test_only_the_event_stream_has_no_time_limit() -> None:
    assert [row["path"] for row in PATHS if row.get("traffic") == "stream"] == ["/v1/stream"]
    assert {row.get("traffic", "") for row in PATHS} == {"", "imports", "stream"}


def test_the_settings_of_the_chart_are_those_of_the_code() -> None:
    code = {name: found for short in SERVICES for name, found in load(short).settings.model_json_schema()["properties"].items()}
    chart = SCHEMA["definitions"]["settings"]["properties"]
    assert chart.keys() == code.keys() - SECRET - FIXED - BY_FILE
    for name, found in chart.items():
        for bound in ("minimum", "exclusiveMinimum", "enum"):
            assert found.get(bound) == code[name].get(bound), name
        assert found.get("maximum", 3650) == code[name].get("maximum", found.get("maximum", 3650)), name


def test_every_secret_of_the_code_has_a_source() -> None:
    keys = [VALUES["secrets"][owner]["keys"] for owner in ("shared", *SERVICES)]
    assert {name for key in keys for name in key} == SECRET
    assert all(key.keys() == {"database_url"} for key in keys[1:])


def test_every_value_is_described_and_every_default_is_there() -> None:
    assert SCHEMA["properties"].keys() == VALUES.keys() | {"global"}
    assert VALUES["services"].keys() == SERVICES.keys()


def test_the_schema_takes_nothing_that_it_does_not_know() -> None:
    """A misspelt value would be ignored in silence. Maps of names that others choose say what their values are, or are Kubernetes's own."""
    open_ended = {"global", "affinity", "podSelector", "namespaceSelector", "ipBlock", "requests", "limits", "items"}

    def walk(schema: Any, name: str) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "object" and name not in open_ended:
                assert "additionalProperties" in schema, name
                assert schema["additionalProperties"] is not True, name
            for key, value in schema.items():
                walk(value, key)

    walk(SCHEMA, "values")


def test_the_chart_is_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == version


def test_alerts_and_dashboards_are_those_of_the_other_runs() -> None:
    """The chart can hold files of its own folder only, so these are copies: `cp` the ones named here."""
    originals = {ROOT / "deploy/prometheus/alerts.yml": CHART / "files/alerts.yml"}
    originals |= {path: CHART / "files/dashboards" / path.name for path in (ROOT / "deploy/grafana/dashboards").glob("*.json")}
    assert [f"cp {a} {b}" for a, b in originals.items() if not b.exists() or a.read_bytes() != b.read_bytes()] == []
    assert set((CHART / "files/dashboards").glob("*")) == set(originals.values()) - {CHART / "files/alerts.yml"}
