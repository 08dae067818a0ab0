"""The alert rules ask for what the code exports, and each has a page that helps and a test of its logic."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.operations.figures import SCRAPED, asked, complaints, exported

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
RUNBOOKS = ROOT / "docs/operations/runbooks"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
SECTIONS = ["What it means", "What people notice", "Look at", "Do", "Escalate"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_asks_for_what_there_is_and_says_what_is_wrong(alert: dict[str, Any]) -> None:
    known = exported()
    assert complaints(alert["expr"], known) == []
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert {"summary", "description", "runbook_url"} == alert["annotations"].keys()
    question = asked(alert["expr"])
    labels = question.grouped or {label for series, _ in question.series for label in known[series].labels} | SCRAPED
    assert set(re.findall(r"\$labels\.(\w+)", str(alert["annotations"]))) <= labels
    assert alert["annotations"]["runbook_url"] == f"docs/operations/runbooks/{alert['alert']}.md"


def test_each_alert_has_a_page_and_each_page_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {alert["alert"] for alert in ALERTS}


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_says_what_to_do(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(text.splitlines()) <= 60
    for series in re.findall(r"`(clinch_\w+|http_server\w+)[`{]", text):
        assert any(name == series or name.startswith(f"{series}_") for name in exported()), series


def test_each_alert_has_a_test_of_when_it_fires() -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")}
    silent = {case["alertname"] for test in tests for case in test["alert_rule_test"] if not case.get("exp_alerts")}
    names = {alert["alert"] for alert in ALERTS}
    assert (fired, silent) == (names, names)


def test_the_monitoring_page_lists_every_alert_and_every_figure_of_ours() -> None:
    page = (ROOT / "docs/operations/monitoring.md").read_text()
    listed = re.findall(r"^\| \[(\w+)\]\(runbooks/(\w+)\.md\) \| (\w+) \|$", page, re.MULTILINE)
    assert listed == [(alert["alert"], alert["alert"], alert["labels"]["severity"]) for alert in ALERTS]
    named = set(re.findall(r"`(clinch_\w+|http_\w+)`", page))
    ours = {name for name in exported() if name.startswith(("clinch_", "http_"))}
    assert named == {re.sub(r"_(bucket|count|sum)$", "", name) for name in ours}
