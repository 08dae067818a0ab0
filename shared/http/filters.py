"""Filters of a list: a column's type decides what its parameters take and how they compare."""

import enum
import math
import re
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.types import TypeEngine

from shared.db.tables import ROSTER
from shared.errors import Invalid
from shared.fields import read_day, read_time

Operator = Literal["", "gte", "gt", "lte", "lt"]
Compare = Literal["is", "in", "none", "in_or_none", "gte", "gt", "lte", "lt"]
"""How a given parameter ends up in the statement; part of the statement's shape."""

_RANGES: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "gte": lambda column, value: column >= value,
    "gt": lambda column, value: column > value,
    "lte": lambda column, value: column <= value,
    "lt": lambda column, value: column < value,
}
_SAYS = {"": "", "gte": " or more", "gt": "more than", "lte": " or less", "lt": "less than"}
_NUMBER = r"^-?[0-9]{1,18}(\.[0-9]{1,18})?$"
_COMMA = re.compile(r"(?<!\\),")
_ESCAPE = re.compile(r"\\(.)")


def choices_in(hint: Any) -> type[enum.Enum] | None:
    """The enum in a type hint like `Stage` or `Stage | None`."""
    return next((t for t in (hint, *typing.get_args(hint)) if isinstance(t, type) and issubclass(t, enum.Enum)), None)


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of value: how it is read from a query, and its JSON Schema.

    `read` raises ValueError or ArithmeticError for what it cannot read.
    """

    read: Callable[[str], Any]
    schema: dict[str, Any]
    takes: str
    ordered: bool
    bind: TypeEngine[Any]

    def stored(self, text: str) -> Any:
        """Read a value of the database itself, out of a cursor.

        It may be a text of any length, a choice that is no longer one, a day of any year.
        """
        match self.schema:
            case {"format": "date"}:
                return date.fromisoformat(text)
            case {"format": "date-time"}:
                return datetime.fromisoformat(text)
            case {"type": "string"} if "format" not in self.schema:
                return text
        return self.read(text)


def kind_of(column: ColumnElement[Any], choices: type[enum.Enum] | None = None) -> Kind:
    """The kind of a column's values; `choices` is the enum that a text column has in Python.

    TypeError for JSON and the like.
    """
    type_ = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    if choices is not None:
        names = [str(c.value) for c in choices]
        return Kind(lambda text: choices(text).value, {"type": "string", "enum": names}, f"one of {', '.join(names)}", False, type_)
    match type_.python_type.__name__:
        case "str":
            return Kind(_text, {"type": "string", "minLength": 1, "maxLength": 200}, "a text of up to 200 characters", False, Text())
        case "UUID":
            return Kind(UUID, {"type": "string", "format": "uuid"}, "a UUID", False, type_)
        case "bool":
            return Kind({"true": True, "false": False}.__getitem__, {"type": "boolean"}, "true or false", False, type_)
        case "int":
            return _integer(type_)
        case "Decimal":
            # Without the column's precision: a cast of the parameter would round it, or overflow.
            return Kind(
                _decimal, {"type": "string", "format": "decimal", "pattern": _NUMBER}, "a number like 1000 or 99.50", True, Numeric()
            )
        case "float":
            return Kind(_float, {"type": "number"}, "a number like 1000 or 99.5", True, type_)
        case "date":
            return Kind(read_day, {"type": "string", "format": "date"}, "a day like 2026-01-31", True, type_)
        case "datetime":
            return Kind(_time, {"type": "string", "format": "date-time"}, "a time with its zone like 2026-01-31T08:00:00Z", True, type_)
    raise TypeError(f"lists cannot filter or sort by {column}: its type is {type_}")


class Filter:
    """All query parameters of one name: `amount`, `amount[gte]` and so on."""

    def __init__(self, name: str, column: ColumnElement[Any], choices: type[enum.Enum] | None) -> None:
        self.name, self.column = name, column
        self.kind = kind_of(column, choices)
        self.array = isinstance(column.type, ARRAY)
        self.nullable = bool(getattr(column, "nullable", True)) or self.array

    def operators(self) -> Iterator[Operator]:
        yield ""
        if self.kind.ordered and not self.array:
            yield from ("gte", "gt", "lte", "lt")

    def parameter(self, operator: Operator) -> str:
        return f"{self.name}[{operator}]" if operator else self.name

    def read(self, operator: Operator, given: list[str]) -> tuple[Compare, Any]:
        """How to compare and with what. `Invalid` names the parameter and what it takes."""
        if operator:
            if len(given) > 1:
                raise self._invalid(operator, "is given more than once")
            return operator, self._value(operator, given[0])
        parts = [part for text in given for part in _COMMA.split(text)]
        values = [self._value("", part) for part in parts if not self._means_none(part)]
        if not values:
            return "none", None
        if len(values) < len(parts):
            return "in_or_none", values
        return ("is", values[0]) if len(values) == 1 and not self.array else ("in", values)

    def condition(self, compare: Compare) -> ColumnElement[bool]:
        """The WHERE condition; its value is bound as `bound(compare)`."""
        name, column = self.bound(compare), self.column
        match compare:
            case "is":
                return column == bindparam(name, type_=self.kind.bind)
            case "in":
                values = bindparam(name, type_=ARRAY(self.kind.bind))
                return column.op("&&", is_comparison=True)(values) if self.array else column == any_(values)
            case "none":
                return func.coalesce(func.cardinality(column), 0) == 0 if self.array else column.is_(None)
            case "in_or_none":
                return or_(self.condition("in"), self.condition("none"))
        return _RANGES[compare](column, bindparam(name, type_=self.kind.bind))

    def bound(self, compare: Compare) -> str:
        return f"{self.name}_{'in' if compare == 'in_or_none' else compare}"

    def documented(self, operator: Operator) -> dict[str, Any]:
        """The OpenAPI parameter object."""
        about: dict[str, Any] = {"name": self.parameter(operator), "in": "query", "required": False}
        if operator:
            before, after = ("", _SAYS[operator]) if operator in ("gte", "lte") else (_SAYS[operator].capitalize() + " ", "")
            says = f"{before}{self.kind.takes}{after}"
            return {**about, "description": says[0].upper() + says[1:] + ".", "schema": self.kind.schema}
        item = {"anyOf": [self.kind.schema, {"const": "none"}]} if self.nullable else self.kind.schema
        says = f"{self.kind.takes[0].upper()}{self.kind.takes[1:]}; several, separated by commas, mean any of them."
        if self.nullable:
            says += " `none` finds those that have none."
        schema = {"type": "array", "minItems": 1, "items": item}
        return {**about, "description": says, "style": "form", "explode": False, "schema": schema}

    def _means_none(self, text: str) -> bool:
        return self.nullable and text == "none"

    def _value(self, operator: Operator, text: str) -> Any:
        try:
            if "\0" in text:  # Postgres has no such character
                raise ValueError
            return self.kind.read(_ESCAPE.sub(r"\1", text))
        except (ValueError, ArithmeticError, KeyError):
            raise self._invalid(operator, f"takes {self.kind.takes}") from None

    def _invalid(self, operator: Operator, says: str) -> Invalid:
        name = self.parameter(operator)
        return Invalid(f"{name} {says}.", pointer=name, code="bad_filter")


class TeamFilter(Filter):
    """`team`: the rows of a team and of the teams below it, as the roster knows them. `team_id` is for one team alone."""

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__("team", column, None)

    def condition(self, compare: Compare) -> ColumnElement[bool]:
        if compare in ("none", "in_or_none"):
            return super().condition(compare)
        given: ColumnElement[Any] = bindparam(self.bound(compare), type_=ARRAY(Uuid) if compare == "in" else Uuid)
        asked = given if compare == "in" else func.array_append(literal_column("ARRAY[]::uuid[]"), given)
        below = select(ROSTER.c.team_id).where(ROSTER.c.team_path.op("&&", is_comparison=True)(asked), ROSTER.c.team_id.is_not(None))
        # One array, computed once per statement, so that an index on the column serves it.
        return self.column == any_(func.array_cat(asked, func.array(below.scalar_subquery())))

    def documented(self, operator: Operator) -> dict[str, Any]:
        said = super().documented(operator)
        return {**said, "description": "A team, with those below it. " + said["description"]}


class PersonFilter(Filter):
    """A person by their id; `me` is who asks."""

    def asked_by(self, person: UUID, given: list[str]) -> list[str]:
        """The parameter with the reader's id in place of `me`."""
        return [",".join(str(person) if part == "me" else part for part in _COMMA.split(text)) for text in given]

    def documented(self, operator: Operator) -> dict[str, Any]:
        said = super().documented(operator)
        schema = said["schema"]
        choices = schema["items"].get("anyOf", [schema["items"]])
        says = said["description"] + " `me` is who asks."
        return {**said, "description": says, "schema": {**schema, "items": {"anyOf": [*choices, {"const": "me"}]}}}


def _text(text: str) -> str:
    if not 0 < len(text) <= 200:
        raise ValueError
    return text


def _integer(type_: TypeEngine[Any]) -> Kind:
    bits = 64 if isinstance(type_, BigInteger) else 16 if isinstance(type_, SmallInteger) else 32
    limit = 2 ** (bits - 1)
    # Beyond 2^53 a JSON Schema bound is not exact in every language; the column's own range still holds.
    bounds = {"minimum": -limit, "maximum": limit - 1} if bits < 64 else {"format": "int64"}

    def read(text: str) -> int:
        value = int(text)
        if not -limit <= value < limit:
            raise ValueError
        return value

    assert isinstance(type_, Integer)
    return Kind(read, {"type": "integer", **bounds}, "a whole number", True, type_)


def _decimal(text: str) -> Decimal:
    value = Decimal(text[:50])
    if not value.is_finite() or len(text) > 40 or abs(value.adjusted()) > 40:
        raise ValueError
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _time(text: str) -> datetime:
    # A plus that is not percent-encoded arrives as a space.
    return read_time(text.replace(" ", "+")).astimezone(UTC)
