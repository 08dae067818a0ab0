"""The committed documents are what the code says, and each is valid by its own standard."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import orjson
import pytest

from clinch.dev.documents import DOCS, HINT, ROOT, documents, published
from clinch.run.settings import SERVICES
from shared.events.envelope import EVERY_SERVICE, topic

COMMITTED = sorted((DOCS / "openapi").glob("*.json"))


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return documents()


@pytest.fixture(scope="module")
def asyncapi(made: dict[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(made["docs/asyncapi/asyncapi.json"])
    return document


def test_the_committed_documents_are_up_to_date(made: dict[str, str]) -> None:
    stale = [name for name, text in made.items() if not (ROOT / name).exists() or (ROOT / name).read_text() != text]
    assert not stale, f"{HINT}: {', '.join(stale)}"
    folders = {name.rpartition("/")[0] for name in made if name.endswith(".json")}
    left_over = {str(p.relative_to(ROOT)) for f in folders for p in (ROOT / f).glob("*.json")} - made.keys()
    assert not left_over, f"nothing generates these: {', '.join(sorted(left_over))}"


def test_generating_twice_gives_the_same_bytes(made: dict[str, str]) -> None:
    assert documents() == made


def test_schemas_are_json_schema_2020_12(made: dict[str, str]) -> None:
    for name, text in made.items():
        if name.startswith("docs/schemas/"):
            jsonschema.Draft202012Validator.check_schema(orjson.loads(text))


def test_openapi_documents_are_valid(made: dict[str, str]) -> None:
    for name, text in made.items():
        if name.startswith("docs/openapi/"):
            openapi_spec_validator.validate(orjson.loads(text))


def test_operation_ids_are_unique_over_all_services(made: dict[str, str]) -> None:
    """They share one origin, and one generated client."""
    ids = [
        (operation["operationId"], path)
        for name, text in made.items()
        if name.startswith("docs/openapi/")
        for path, operations in orjson.loads(text)["paths"].items()
        for operation in operations.values()
        if not path.startswith(("/v1/operations", "/v1/policies"))
    ]
    names = [i for i, _ in ids]
    assert sorted(set(names)) == sorted(names), sorted((i, p) for i, p in ids if names.count(i) > 1)


def test_a_schema_of_one_name_has_one_shape_in_all_services(made: dict[str, str]) -> None:
    """A client is generated from the four documents together."""
    shapes: dict[str, dict[str, Any]] = {}
    for name, text in made.items():
        if name.startswith("docs/openapi/"):
            for schema, shape in orjson.loads(text)["components"]["schemas"].items():
                shapes.setdefault(schema, {})[name] = shape
    assert [schema for schema, found in shapes.items() if any(shape != next(iter(found.values())) for shape in found.values())] == []


def test_every_reference_in_the_asyncapi_document_resolves(asyncapi: dict[str, Any]) -> None:
    references = list(_references(asyncapi))
    assert len(references) > 2 * len(published())
    for reference in references:
        file, _, pointer = reference.partition("#")
        target: Any = orjson.loads((DOCS / "asyncapi" / file).read_bytes()) if file else asyncapi
        for step in filter(None, pointer.split("/")):
            target = target[step.replace("~1", "/").replace("~0", "~")]


def test_the_asyncapi_document_has_what_the_standard_requires(asyncapi: dict[str, Any]) -> None:
    """AsyncAPI 3.1: the required keys, and messages of an operation referred to through its channel. No schema of it is on PyPI."""
    assert asyncapi["asyncapi"] == "3.1.0"
    assert asyncapi["info"].keys() >= {"title", "version"}
    assert asyncapi.keys() <= {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    component = re.compile(r"^[A-Za-z0-9._-]+$")
    assert all(component.match(name) for kind in asyncapi["components"].values() for name in kind)
    for operation in asyncapi["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = operation["channel"]["$ref"]
        assert operation["messages"]
        assert all(m["$ref"].startswith(f"{channel}/messages/") for m in operation["messages"])


def test_every_event_is_sent_by_its_service_on_its_topic(asyncapi: dict[str, Any]) -> None:
    for type_, event in published().items():
        assert type_ in asyncapi["channels"][topic(event.aggregate)]["messages"]
        assert event.publisher, f"{event.__name__} has no publisher"
        for publisher in [f"{name}-svc" for name in SERVICES] if event.publisher == EVERY_SERVICE else [event.publisher]:
            sent = asyncapi["operations"][f"{publisher}.send.{event.aggregate}"]
            assert {"$ref": f"#/channels/{topic(event.aggregate)}/messages/{type_}"} in sent["messages"]


def test_sample_messages_have_the_headers_that_the_document_says(asyncapi: dict[str, Any]) -> None:
    for path in (Path(__file__).parent / "golden").glob("*.json"):
        message = asyncapi["components"]["messages"][path.stem]
        headers = orjson.loads(path.read_bytes())["headers"]
        jsonschema.validate(headers, {**message["headers"], "components": asyncapi["components"]})


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
