"""A later form of an event (`.v2`) means for the feed and the timeline what the first one meant."""

from uuid import uuid4

import pytest

from lead_svc.timeline.rules import summary
from metrics_svc.feed.records import told

DEAL = {"owner_id": str(uuid4()), "account_id": str(uuid4())}


@pytest.mark.parametrize(("name", "won"), [("won", True), ("win_reversed", False), ("renamed", None)])
@pytest.mark.parametrize("form", ["v1", "v2"])
def test_the_feed_reads_every_form(name: str, won: bool | None, form: str) -> None:
    found = told(f"clinch.deal.{name}.{form}", "deal", uuid4(), DEAL)
    assert found is not None
    assert found.won is won


def test_the_timeline_names_what_it_does_not_know() -> None:
    assert summary("clinch.lead.qualified.v2", {"body": {}}) == "Qualified"
