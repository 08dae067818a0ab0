"""The dashboards ask for what the code exports, show all of it, and look alike."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.operations.figures import asked, complaints, exported

ROOT = Path(__file__).parents[2]
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))}
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board["panels"] if panel["type"] != "row"]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {"short", "s", "bytes", "percentunit", "reqps", "cps"}


def expressions(panel: dict[str, Any]) -> list[str]:
    """As Grafana sends them: its variables replaced."""
    return [re.sub(r"\$__rate_interval", "5m", target["expr"]) for target in panel["targets"]]


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=lambda given: given["title"] if isinstance(given, dict) else given)
def test_a_panel_asks_for_what_there_is(name: str, panel: dict[str, Any]) -> None:
    known = exported()
    for target, expression in zip(panel["targets"], expressions(panel), strict=True):
        assert complaints(expression, known) == []
        labels = asked(expression).grouped or {label for series, _ in asked(expression).series for label in known[series].labels}
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels
        variables = {v["name"] for v in BOARDS[name]["templating"]["list"]} | {"__rate_interval"}
        assert set(re.findall(r"\$(\w+)", target["expr"])) <= variables


def test_every_figure_of_ours_is_on_a_dashboard() -> None:
    shown = {series for _, panel in PANELS for expression in expressions(panel) for series, _ in asked(expression).series}
    ours = {name for name in exported() if name.startswith(("clinch_", "http_"))}
    parts = ("_bucket", "_count", "_sum")
    unseen = {name for name in ours - shown if not (name.endswith(parts) and {name.rsplit("_", 1)[0] + part for part in parts} & shown)}
    assert unseen == set()


def test_they_have_names_of_their_own_and_one_look() -> None:
    assert len({board["uid"] for board in BOARDS.values()}) == len({board["title"] for board in BOARDS.values()}) == len(BOARDS)
    for name, board in BOARDS.items():
        assert board["uid"] == f"clinch-{name}"
        source, *others = board["templating"]["list"]
        assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
        assert all(v["datasource"] == DATASOURCE and v["includeAll"] for v in others)
        for variable in others:
            series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]).groups()  # type: ignore[union-attr]
            assert complaints(f"sum by ({label}) ({series})", exported()) == []


def test_panels_have_a_unit_a_place_and_the_chosen_datasource() -> None:
    for name, board in BOARDS.items():
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            assert not cells & taken, f"{name}: {panel['title']} lies on another panel"
            assert place["x"] + place["w"] <= 24
            taken |= cells
    for _, panel in PANELS:
        assert panel["datasource"] == DATASOURCE
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS


def test_the_runbooks_that_they_name_exist() -> None:
    named = {path for _, panel in PANELS for path in re.findall(r"docs/operations/runbooks/\w+\.md", panel.get("description", ""))}
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
