"""Instances of frozen dataclasses by the thousand."""

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar, cast

R = TypeVar("R")


def filler(into: type[R]) -> Callable[..., R]:
    """Makes instances of a frozen dataclass six times as fast as its own constructor (5 µs for a wide row): as mutable ones that
    become frozen when they are complete."""
    twin = make_dataclass(into.__name__, [(f.name, Any) for f in fields(cast(Any, into))], slots="__slots__" in vars(into))

    def fill(*values: Any) -> R:
        row = twin(*values)
        row.__class__ = into
        return cast(R, row)

    try:
        fill(*[None] * len(fields(cast(Any, into))))
    except TypeError:  # it inherits slots, so the layouts differ
        return into
    return into if hasattr(into, "__post_init__") else fill


def altered(row: R, **changes: Any) -> R:
    """`dataclasses.replace` at a third of its time. KeyError for a field that there is not."""
    places, values_of, fill = _parts(cast(Any, type(row)))
    values = list(values_of(row))
    for name, value in changes.items():
        values[places[name]] = value
    return cast(R, fill(*values))


@lru_cache(maxsize=256)
def _parts(kind: type[Any]) -> tuple[dict[str, int], Callable[[Any], tuple[Any, ...]], Callable[..., Any]]:
    names = [f.name for f in fields(kind)]
    values_of = attrgetter(*names) if len(names) > 1 else lambda row: (getattr(row, names[0]),)
    return {name: n for n, name in enumerate(names)}, values_of, filler(kind)
