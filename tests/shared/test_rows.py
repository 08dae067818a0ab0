"""Rows of statements as dataclasses: of the right class, complete and frozen, however they are made."""

from dataclasses import FrozenInstanceError, dataclass
from enum import StrEnum

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, select

from shared.db.query import Query


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Ball:
    id: int
    colour: Colour | None


@dataclass(frozen=True, slots=True)
class SignedBall(Ball):
    by: str


@dataclass(frozen=True, kw_only=True)
class NamedBall:
    id: int
    colour: Colour | None


@dataclass(frozen=True)
class Checked:
    id: int
    colour: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "colour", self.colour.upper())


BALL = Table("ball", MetaData(), Column("id", Integer), Column("colour", Text), Column("by", Text))


def test_a_row_whose_fields_must_be_named_is_made_by_their_names() -> None:
    row = Query(select(BALL.c.colour, BALL.c.id), NamedBall).row(("red", 1))
    assert row == NamedBall(id=1, colour=Colour.RED)


def test_a_row_is_what_the_class_would_make_itself() -> None:
    row = Query(select(BALL.c.colour, BALL.c.id), Ball).row(("red", 1))
    assert row == Ball(1, Colour.RED)
    assert type(row) is Ball
    assert row.colour is Colour.RED
    with pytest.raises(FrozenInstanceError):
        row.id = 2  # type: ignore[misc]


def test_rows_of_classes_that_inherit_or_check_are_made_too() -> None:
    assert Query(select(BALL.c.id, BALL.c.colour, BALL.c.by), SignedBall).row((1, None, "ann")) == SignedBall(1, None, "ann")
    assert Query(select(BALL.c.id, BALL.c.colour), Checked).row((1, "red")).colour == "RED"


def test_a_class_and_a_statement_that_differ_are_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        Query(select(BALL.c.id), Ball)
