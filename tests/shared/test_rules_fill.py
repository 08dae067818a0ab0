from dataclasses import dataclass, replace

import pytest

from shared.db.fill import altered, filler


@dataclass(frozen=True, slots=True)
class Pair:
    left: int
    right: str = "r"


@dataclass(frozen=True)
class One:
    only: int


@dataclass(frozen=True, slots=True)
class Checked:
    positive: int

    def __post_init__(self) -> None:
        if self.positive <= 0:
            raise ValueError("not positive")


def test_what_is_filled_is_what_the_constructor_makes() -> None:
    made = filler(Pair)(1, "a")
    assert (made, type(made), hash(made)) == (Pair(1, "a"), Pair, hash(Pair(1, "a")))
    with pytest.raises(AttributeError):
        made.left = 2  # type: ignore[misc]


def test_a_class_that_checks_its_values_goes_on_checking_them() -> None:
    with pytest.raises(ValueError, match="not positive"):
        filler(Checked)(0)
    with pytest.raises(ValueError, match="not positive"):
        altered(Checked(1), positive=-1)


def test_a_row_is_altered_as_by_replace() -> None:
    row = Pair(1, "a")
    assert altered(row, right="b") == replace(row, right="b")
    assert altered(One(1), only=2) == One(2)
    assert row == Pair(1, "a")
    with pytest.raises(KeyError):
        altered(row, other=1)
