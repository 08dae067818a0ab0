"""Which events a target wants."""

from collections.abc import Collection, Sequence

from shared.errors import Invalid
from shared.events.envelope import REGISTRY

MATCHES = """EXISTS (
  SELECT FROM jsonb_array_elements_text(w.types) AS t(pattern)
  WHERE f.type = pattern OR (right(pattern, 1) = '*' AND starts_with(f.type, left(pattern, -1)))
)"""
"""In SQL: whether the target `w` wants the event `f`."""


def matches(pattern: str, type_: str) -> bool:
    """`*` stands for everything, `clinch.deal.*` for what begins with `clinch.deal.`; anything else for itself."""
    return type_.startswith(pattern[:-1]) if pattern.endswith("*") else type_ == pattern


def unknown(patterns: Sequence[str], known: Collection[str]) -> list[int]:
    """The indexes of patterns that no event of the contract matches: misspelt, or no longer told."""
    return [n for n, pattern in enumerate(patterns) if not any(matches(pattern, type_) for type_ in known)]


def checked(types: Sequence[str]) -> list[str]:
    """The patterns without repetitions. `Invalid` for one that no event matches."""
    if wrong := unknown(types, REGISTRY):
        raise Invalid("No event has such a type; docs/events.md lists them.", pointer=f"/types/{wrong[0]}", code="unknown_type")
    return list(dict.fromkeys(types))
