"""One golden sample of every event ever published. Run as a module, this writes those that are missing, and only those.

A sample is what was in the log on the day the event was born. It is never written anew: later code must still read it.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from clinch.dev.documents import published, schema
from shared.events.envelope import EVERY_SERVICE, Event, headers

GOLDEN = Path(__file__).parent / "golden"
COMMAND = ".venv/bin/python -m tests.compatibility.samples"
_ID = UUID("0198c0de-0000-7000-8000-000000000001")
_TIME = datetime(2026, 1, 31, 8, 30, 0, 123456, UTC)
_TEXTS = {"uuid": str(_ID), "date-time": _TIME.isoformat(), "date": "2026-01-31", "decimal": "1234.5600"}


def sample(event: type[Event]) -> dict[str, Any]:
    """A message with every field filled in, as the relay hands it to the log."""
    described = schema(event)
    data = event.model_validate(_value(described, described.get("$defs", {}), "data"))
    trace = f"00-{'4b' * 16}-{'f0' * 8}-01"
    made = headers(id=_ID, type=event.type, subject=_ID, version=7, time=_TIME, traceparent=trace, publisher=_publisher(event))
    return {"headers": made, "data": data.model_dump(mode="json")}


def _publisher(event: type[Event]) -> str:
    return "deal-svc" if event.publisher == EVERY_SERVICE else event.publisher


def _value(described: dict[str, Any], definitions: dict[str, Any], name: str) -> Any:
    if "$ref" in described:
        return _value(definitions[described["$ref"].rpartition("/")[2]], definitions, name)
    for key in ("enum", "examples"):
        if key in described:
            return described[key][0]
    if "const" in described:
        return described["const"]
    if "anyOf" in described:
        return _value(next(s for s in described["anyOf"] if s.get("type") != "null"), definitions, name)
    match described["type"]:
        case "object":
            return {n: _value(s, definitions, n) for n, s in described.get("properties", {}).items()}
        case "array":
            return [_value(described["items"], definitions, name)]
        case "integer":
            return 3
        case "number":
            return 86400.5
        case "boolean":
            return True
    return _TEXTS.get(described.get("format", ""), "CNY" if name == "currency" else name)


def write_missing() -> list[str]:
    GOLDEN.mkdir(exist_ok=True)
    written = []
    for type_, event in published().items():
        path = GOLDEN / f"{type_}.json"
        if not path.exists():
            path.write_bytes(orjson.dumps(sample(event), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
            written.append(type_)
    return written


if __name__ == "__main__":
    print("\n".join(write_missing()) or "There is a sample of every event.")
