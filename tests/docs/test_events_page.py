"""The page for other systems names events that exist, and what every reader does with them."""

import re
from pathlib import Path

import pytest

from clinch.dev.documents import published
from clinch.dev.readers import done
from shared.events.deal import DealLost, DealReopened, DealWon
from shared.events.envelope import Envelope
from shared.log.reactions import on
from shared.log.readers import Reader, folding, reacting

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()


def short(type_: str) -> str:
    """`clinch.deal.won.v1` as the page names it."""
    return type_.removeprefix("clinch.").rpartition(".")[0]


def test_every_event_that_the_page_names_exists() -> None:
    known = {short(type_) for type_ in published()}
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", PAGE))
    assert named
    assert named <= known


@on(DealWon)
async def won(_tx: object, _e: Envelope[DealWon]) -> None:
    """Rings the bell
    in the hall.

    Nobody else hears of this paragraph.
    """


@on(DealLost)
async def lost(_tx: object, _e: Envelope[DealLost]) -> None:
    """Rings the bell in the hall."""


@on(DealReopened)
async def reopened(_tx: object, _e: Envelope[DealReopened]) -> None: ...


async def counted(_tx: object, _events: object) -> None:
    """Counts it."""


async def shown(_tx: object, _events: object) -> None:
    """Shows it."""


def test_reactions_that_say_the_same_share_a_row() -> None:
    assert list(done(reacting("bell", won, lost))) == [("Rings the bell in the hall.", "`deal.won`, `deal.lost`")]


def test_what_is_done_with_a_whole_batch_is_one_row() -> None:
    assert list(done(folding("board", counted, [DealWon, DealLost], shown))) == [("Counts it. Shows it.", "`deal.lost`, `deal.won`")]


def test_a_handle_without_a_list_of_types_hears_all() -> None:
    assert list(done(Reader("feed", counted, []))) == [("Counts it.", "all")]


def test_a_reaction_says_what_it_does() -> None:
    with pytest.raises(TypeError, match="reopened"):
        list(done(reacting("silent", reopened)))
