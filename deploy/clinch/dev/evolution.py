"""What a change of an event's schema would break. Old readers meet new events and new readers old ones."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def breaks(old: Schema, new: Schema) -> list[str]:
    """Sentences about what is not just an optional field more; none when the change is safe."""
    return list(_object(_Root(old), _Root(new), old, new, ""))


class _Root:
    """A schema document, to look up its `$ref`s."""

    def __init__(self, document: Schema) -> None:
        self._defs: dict[str, Schema] = document.get("$defs", {})

    def resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._defs[schema["$ref"].rpartition("/")[2]]
        return schema


def _object(a: _Root, b: _Root, old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in before.keys() - after.keys():
        yield f"{path}{name} was removed or renamed"
    for name in needed_after - needed_before:
        yield f"{path}{name} is required now, and older events are without it"
    for name in needed_before - needed_after:
        yield f"{path}{name} is optional now, and older readers need it"
    for name in sorted(before.keys() & after.keys()):
        yield from _value(a, b, before[name], after[name], f"{path}{name}")


def _value(a: _Root, b: _Root, old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = _variants(a, old), _variants(b, new)
    if before.keys() != after.keys():
        yield f"{path} was {_said(before)} and is {_said(after)}"
        return
    for kind, was in before.items():
        now = after[kind]
        if _choices(was) != _choices(now):
            yield f"{path} takes other values: {_said_choices(was)} before, {_said_choices(now)} now"
        if kind == "object":
            yield from _object(a, b, was, now, f"{path}.")
        if kind == "array":
            yield from _value(a, b, was.get("items", {}), now.get("items", {}), f"{path}[]")


def _variants(root: _Root, schema: Schema) -> dict[str, Schema]:
    """The alternatives of a value, by type and format."""
    schema = root.resolved(schema)
    alternatives = [root.resolved(s) for s in schema.get("anyOf", [schema])]
    return {" ".join(s[k] for k in ("type", "format") if k in s) or "anything": s for s in alternatives}


def _choices(schema: Schema) -> set[Any] | None:
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if choices is None else set(choices)


def _said_choices(schema: Schema) -> str:
    return ", ".join(sorted(map(str, _choices(schema) or {"any"})))


def _said(variants: dict[str, Schema]) -> str:
    return " or ".join(sorted(variants))
