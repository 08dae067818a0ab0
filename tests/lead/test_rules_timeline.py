"""A lead's history in words: every event ever told, with whatever fields it has, and events of a newer release."""

import json
from pathlib import Path

import pytest

from lead_svc.timeline.rules import summary
from shared.events.envelope import REGISTRY

GOLDEN = Path(__file__).parent.parent / "compatibility" / "golden"
TOLD = sorted(GOLDEN.glob("clinch.lead.*.json"))


@pytest.mark.parametrize("sample", TOLD, ids=lambda path: path.stem)
def test_every_event_ever_told_is_shown_with_any_of_its_fields_missing(sample: Path) -> None:
    type = sample.stem
    data = json.loads(sample.read_text())["data"]
    assert summary(type, data)
    for name in data:
        assert summary(type, {n: v for n, v in data.items() if n != name})
        assert summary(type, data | {name: None})
    assert summary(type, {})


def test_the_samples_are_the_leads_events() -> None:
    assert {path.stem for path in TOLD} == {kind for kind in REGISTRY if kind.startswith("clinch.lead.")}


def test_an_event_of_a_newer_release_is_shown_by_its_name() -> None:
    assert summary("clinch.lead.put_on_hold.v2", {"reason": "trade fair"}) == "Put on hold"
    assert summary("odd", {}) == "Odd"


def test_what_an_older_release_left_out_is_not_made_up() -> None:
    assert summary("clinch.lead.captured.v1", {"source": "seo"}) == "Captured from seo"
    assert summary("clinch.lead.nurtured.v1", {"from_state": "mql", "reason": None}) == "Put aside from mql"
    assert summary("clinch.lead.qualified.v1", {}) == "Qualified"
