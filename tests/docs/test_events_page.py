"""The page for other systems names everything that the services react to."""

import re
from pathlib import Path

import pytest

from clinch.dev.documents import published
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared.log.reactions import types_of

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
ROWS = re.findall(r"^\| (`[^|]+`|all) \| ([^|]+) \|", PAGE.partition("## What follows from what")[2], re.MULTILINE)


def short(type_: str) -> str:
    """`clinch.deal.won.v1` as the page names it."""
    return type_.removeprefix("clinch.").rpartition(".")[0]


def told(service: str) -> set[str]:
    """The events that the page says the service reacts to."""
    return {event for events, who in ROWS if service in who for event in re.findall(r"`([^`]+)`", events)}


def heard(service: str) -> set[str]:
    built = load(service)
    return {short(type_) for reader in built.heard if reader.name != "policies" for type_ in types_of(reader.handle) or ()}


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "metrics"])
def test_every_reaction_is_on_the_page(service: str) -> None:
    assert heard(service) == told(f"{service}-svc")


def test_the_figures_hear_everything() -> None:
    assert ("all", "metrics-svc") in ROWS


def test_every_event_that_the_page_names_exists() -> None:
    known = {short(type_) for type_ in published()}
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", PAGE))
    assert named
    assert named <= known
