"""Events only ever gain optional fields: checked against the committed schemas, and by reading every event ever published."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import jsonschema
import orjson
import pytest

from clinch.dev.documents import DOCS, broken_promises, published, schema
from clinch.dev.evolution import breaks
from shared.events.envelope import decode
from tests.compatibility.samples import COMMAND, GOLDEN

OLD: dict[str, Any] = {
    "type": "object",
    "required": ["amount", "kind"],
    "$defs": {"Money": {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "string", "format": "decimal"}}}},
    "properties": {
        "amount": {"$ref": "#/$defs/Money"},
        "kind": {"enum": ["new", "renewal"], "type": "string"},
        "owner_id": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}], "default": None},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Money"}},
        "only": {"const": "x", "type": "string"},
    },
}


def changed(**at: Any) -> dict[str, Any]:
    """OLD with values replaced at dotted paths, written with `__`; None removes."""
    new = deepcopy(OLD)
    for path, value in at.items():
        *way, last = path.replace("defs", "$defs").split("__")
        place = new
        for step in way:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return new


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        changed(properties__note={"type": "string", "default": ""}),
        changed(defs__Money__properties__currency={"type": "string"}),
        changed(properties__kind__description="what kind it is", title="Deal"),
        changed(properties__amount=OLD["$defs"]["Money"]),
    ],
)
def test_additions_and_words_are_safe(new: dict[str, Any]) -> None:
    assert breaks(OLD, new) == []


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (changed(properties__owner_id=None), "owner_id was removed"),
        (changed(defs__Money__properties__amount=None), "amount.amount was removed"),
        (changed(required=["amount", "kind", "owner_id"]), "owner_id is required now"),
        (changed(properties__note={"type": "string"}, required=["amount", "kind", "note"]), "note is required now"),
        (changed(required=["amount"]), "kind is optional now"),
        (changed(properties__amount={"type": "string", "format": "decimal"}), "amount was object and is string decimal"),
        (changed(defs__Money__properties__amount={"type": "number"}), "amount.amount was string decimal and is number"),
        (changed(properties__owner_id={"type": "string", "format": "uuid"}), "owner_id was null or string uuid"),
        (changed(properties__kind__enum=["new"]), "kind takes other values"),
        (changed(properties__kind__enum=["new", "renewal", "upsell"]), "kind takes other values"),
        (changed(properties__only__const="y"), "only takes other values"),
        (changed(properties__lines__items={"type": "string"}), "lines[] was object and is string"),
    ],
)
def test_everything_else_breaks_a_reader(new: dict[str, Any], says: str) -> None:
    found = breaks(OLD, new)
    assert any(says in sentence for sentence in found), found


def test_no_event_breaks_what_its_committed_schema_promised() -> None:
    assert broken_promises({f"docs/schemas/{t}.json": orjson.dumps(schema(e)).decode() for t, e in published().items()}) == []


def test_an_event_that_is_gone_breaks_its_promise() -> None:
    assert all("nobody tells it any more" in sentence for sentence in broken_promises({}))
    assert len(broken_promises({})) == len(list((DOCS / "schemas").glob("*.json"))) > 0


def test_every_event_has_a_golden_sample() -> None:
    missing = published().keys() - {path.stem for path in GOLDEN.glob("*.json")}
    assert not missing, f"new events without a sample: {sorted(missing)}; run `{COMMAND}` and commit what it writes"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_event_ever_published_can_still_be_read(path: Any) -> None:
    hint = f"this event was published like that once. If it never was, delete {path.name}, and run `{COMMAND}`"
    golden = orjson.loads(path.read_bytes())
    assert path.stem in published(), f"its class is gone; {hint}"
    event = decode(golden["headers"], orjson.dumps(golden["data"]))
    assert event is not None
    unread = list(_unread(golden["data"], event.data.model_dump(mode="json"), ""))
    assert not unread, f"read differently or not at all: {', '.join(unread)}; {hint}"
    jsonschema.Draft202012Validator(schema(type(event.data)), format_checker=jsonschema.FormatChecker()).validate(golden["data"])


def _unread(was: Any, read: Any, path: str) -> Iterator[str]:
    """Where a value of the sample is not what was read; fields that the sample does not have are later additions."""
    if isinstance(was, dict) and isinstance(read, dict):
        for name, value in was.items():
            yield from _unread(value, read.get(name), f"{path}.{name}")
    elif isinstance(was, list) and isinstance(read, list) and len(was) == len(read):
        for before, now in zip(was, read, strict=True):
            yield from _unread(before, now, f"{path}[]")
    elif was != read:
        yield path.lstrip(".")
