"""What figures are broken down by, and whose a counted thing is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import zip_longest
from operator import attrgetter
from typing import Any, cast
from uuid import UUID

from shared.events.envelope import Dimension, Dimensions
from shared.ids import read_id
from shared.spelling import normal_source

_Text = str | None
Who = tuple[UUID | None, UUID | None, _Text, _Text, _Text, _Text, _Text, _Text]
"""The values of the dimensions in the order of `Placed`: owner, team, and the others."""

Holder = tuple[UUID | None, UUID | None]
"""An owner and the team that the owner was in then."""


@dataclass(slots=True)
class Placed:
    """A counted thing with its dimensions, as events embed them. They come first: `VisitFact(*who, deal_id=...)`."""

    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None
    campaign: str | None
    deal_kind: str | None
    medium: str | None


COLUMNS = tuple(Dimensions.model_fields)
"""The dimensions as events and facts call them."""

if tuple(f.name for f in fields(Placed)) != COLUMNS:
    raise TypeError("facts and events have other dimensions")


def _declared(column: str) -> Dimension:
    return next(d for d in Dimensions.model_fields[column].metadata if isinstance(d, Dimension))


DIMENSIONS = {_declared(column).name: column for column in COLUMNS}
"""What figures are broken down by, and the column of every fact that holds it."""

SUMMED = tuple(name for name, column in DIMENSIONS.items() if _declared(column).summed)
"""Those that cells are kept by. By the others figures are read from the facts."""

OF_LEAD = tuple(_declared(column).of_lead for column in COLUMNS)[2:]
"""Of each dimension after owner and team: whether the lead's value goes before that of its deals."""

ALL = ""
"""The dimension of a measure's total, whose only value is empty. For the others an empty value means that it is not known."""

NOBODY: Holder = (None, None)
NOWHERE: Who = (None, None, None, None, None, None, None, None)

_dimensions: Any = attrgetter(*COLUMNS)


def dimensions(fact: Any) -> Who:
    """The dimensions of a fact or an event."""
    found: Who = _dimensions(fact)
    return found


def who_of(holder: Holder, others: Iterable[str | None]) -> Who:
    found: Any = (*holder, *others)
    return cast(Who, found)


def place_at(fact: Placed, who: Who) -> None:
    """Give the fact these dimensions."""
    for column, value in zip(COLUMNS, who, strict=True):
        setattr(fact, column, value)


_text_of = lru_cache(maxsize=4096)(str)


def kept(data: Any) -> list[str | None]:
    """The dimensions of an event as a row keeps them among what it was told."""
    owner, team, *others = dimensions(data)
    return [_text_of(owner) if owner else None, _text_of(team) if team else None, *others]


def read_kept(values: Sequence[str | None]) -> Who:
    """The same as dimensions again. What was told before there were as many says nothing of the others."""
    owner, team, source, *others = (value for value, _ in zip_longest(values, COLUMNS))
    found: Any = (owner and read_id(owner), team and read_id(team), source and normal_source(source), *others)
    return cast(Who, found)
