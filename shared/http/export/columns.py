"""The columns of a list's table, from the model of its items."""

import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel

from shared.money import Money


class Column(NamedTuple):
    """`path` leads to the value in an item; `type` is what it is there: datetime, date, Decimal, int, bool, str, or object."""

    name: str
    path: tuple[str, ...]
    type: type


def columns_of(model: type[BaseModel], fields: Iterable[str] | None = None) -> list[Column]:
    """One for each field, in their order; a part has one for each of its fields: `amount`, `amount_currency`."""
    return [column for name in fields or model.model_fields for column in _of(model, name)]


def _of(model: type[BaseModel], name: str) -> Iterator[Column]:
    inner = _type(model.model_fields[name].annotation)
    if issubclass(inner, Money):
        yield from (Column(name, (name, "amount"), Decimal), Column(f"{name}_currency", (name, "currency"), str))
    elif issubclass(inner, BaseModel):
        for column in columns_of(inner):
            yield Column(f"{name}_{column.name}", (name, *column.path), column.type)
    else:
        yield Column(name, (name,), inner)


def _type(hint: Any) -> type:
    """The one type that a value has if it is there; object for lists, mappings and what may be of several."""
    if typing.get_origin(hint) is typing.Annotated:
        return _type(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        known = {_type(arg) for arg in typing.get_args(hint) if arg is not type(None)}
        return known.pop() if len(known) == 1 else object
    return hint if isinstance(hint, type) and typing.get_origin(hint) is None else object


def values(columns: Sequence[Column], item: dict[str, Any]) -> Iterator[Any]:
    """An item's values as JSON has them, times and amounts as what they are; lists of texts with semicolons, other parts as JSON."""
    for column in columns:
        value: Any = item
        for step in column.path:
            value = value.get(step) if isinstance(value, dict) else None
        yield _plain(value, column.type)


def _plain(value: Any, type_: type) -> Any:
    if isinstance(value, str):
        if type_ is Decimal:
            return Decimal(value)
        if type_ is datetime:
            return datetime.fromisoformat(value)
        return date.fromisoformat(value) if type_ is date else value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "; ".join(value)
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value
