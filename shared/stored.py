"""What a record's dataclass says of a column beyond its type. Plain, so that modules without I/O can say it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stored:
    """`Annotated[str | None, Stored(unique=True)]`. `default`: SQL; `refers`: "table.column" of the same database;
    `digits`: precision and scale of an amount; `big`: a bigint."""

    unique: bool = False
    default: str | None = None
    comment: str | None = None
    refers: str | None = None
    digits: tuple[int, int] | None = None
    big: bool = False
