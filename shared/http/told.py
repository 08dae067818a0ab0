"""Events in answers, typed by their type: a timeline's entries and the feed's events are a union of what each type of event tells.

A model marks its `data` with `told_in`; the document then has, beside the fields that all have in common, one schema for each type, so that
a generated client knows the data once it has looked at `type`. Types of later releases may come, as always.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic.config import JsonDict
from pydantic.json_schema import GenerateJsonSchema

import shared.events
from shared.events.envelope import EVERY_SERVICE, REGISTRY, Event

MARK = "told_in"
TIMELINE: JsonDict = {MARK: "timeline"}
"""What a service itself tells, without the stamp; what people wrote in their own words may be null."""
FEED: JsonDict = {MARK: "feed"}
"""What all services tell, as it is told."""

_AT = "#/components/schemas/"
_STAMP = "EventStamp"


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def typed(schemas: dict[str, Any], service: str) -> None:
    """Put the union in the place of each marked schema."""
    for name in [name for name, schema in schemas.items() if MARK in schema.get("properties", {}).get("data", {})]:
        _split(schemas, name, service)


def _split(schemas: dict[str, Any], name: str, service: str) -> None:
    whole = schemas[name]
    feed = whole["properties"]["data"][MARK] == FEED[MARK]
    events = [event for event in _published() if feed or event.publisher in (service, EVERY_SERVICE)]
    if not events:
        return
    own = ("type", "data")
    common = f"{name}Common"
    schemas[common] = {
        **whole,
        "title": common,
        "properties": {field: said for field, said in whole["properties"].items() if field not in own},
        "required": [field for field in whole["required"] if field not in own],
    }
    mapping = {}
    for event in events:
        told: dict[str, Any] = {"$ref": _data(schemas, event)}
        if feed:
            told = {"allOf": [told, {"$ref": _stamp(schemas)}]}
        own_part = {"type": "object", "properties": {"type": {"const": event.type}, "data": told}, "required": [*own]}
        schemas[f"{name}.{event.__name__}"] = {"allOf": [{"$ref": f"{_AT}{common}"}, own_part]}
        mapping[event.type] = f"{_AT}{name}.{event.__name__}"
    schemas[name] = {
        "title": name,
        "description": whole.get("description", ""),
        "oneOf": [{"$ref": at} for at in mapping.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }


def _published() -> Iterator[type[Event]]:
    within = {f"{shared.events.__name__}.{module.name}" for module in iter_modules(shared.events.__path__)}
    for module in within:
        import_module(module)
    yield from (event for _, event in sorted(REGISTRY.items()) if event.__module__ in within)


def _data(schemas: dict[str, Any], event: type[Event]) -> str:
    """Where the schema of what the event tells is: what is required has been told since the first of its type."""
    name = f"{event.__name__}Data"
    if name not in schemas:
        schema = _schema(schemas, event)
        facts = {field: said for field, said in schema["properties"].items() if field not in Event.model_fields}
        schemas[name] = {
            **schema,
            "title": name,
            "properties": {field: _or_null(said) if field in event.free_texts else said for field, said in facts.items()},
        }
    return f"{_AT}{name}"


def _stamp(schemas: dict[str, Any]) -> str:
    if _STAMP not in schemas:
        says = "When we learnt of it, by whom, and what for."
        schemas[_STAMP] = {**_schema(schemas, Event), "title": _STAMP, "description": says}
    return f"{_AT}{_STAMP}"


def _schema(schemas: dict[str, Any], event: type[Event]) -> dict[str, Any]:
    """With the schemas that it refers to among the others."""
    made = event.model_json_schema(schema_generator=_Untitled, ref_template=f"{_AT}Event.{{model}}")
    for name, schema in made.pop("$defs", {}).items():
        known = schemas.setdefault(f"Event.{name}", schema)
        if known != schema:
            raise TypeError(f"events have two parts that are called {name}: {event.__name__} has another one")
    return made


def _or_null(said: dict[str, Any]) -> dict[str, Any]:
    options = said.get("anyOf", [said])
    return said if {"type": "null"} in options else {"anyOf": [*options, {"type": "null"}]}
