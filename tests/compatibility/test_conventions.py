"""What holds for every operation of every service, read from the documents and the routes: schemas, bodies, addresses of what is new."""

import typing
from collections.abc import Iterator
from typing import Any, get_type_hints

import orjson
import pytest
from fastapi.routing import APIRoute
from starlette.responses import Response

from clinch.dev.documents import documents
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared.http.edge import ClinchRoute
from shared.http.operations import operations_router
from shared.known import MORE_MAY_COME

KEYWORDS = {
    *("$ref", "$defs", "type", "enum", "const", "title", "description", "default", "examples", "deprecated", "format"),
    *("properties", "required", "additionalProperties", "patternProperties", "propertyNames", "items", "prefixItems", "contains"),
    *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "contentMediaType", "contentEncoding", "readOnly", "writeOnly"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    *("discriminator", MORE_MAY_COME),
}
"""Of JSON Schema 2020-12, and what OpenAPI 3.1 adds to it."""

OPENAPI = {name: orjson.loads(text) for name, text in documents().items() if name.startswith("docs/openapi/")}


def schemas_in(node: Any, inside: bool = False) -> Iterator[dict[str, Any]]:
    """Every schema of a document, however deep."""
    if isinstance(node, list):
        for item in node:
            yield from schemas_in(item, inside)
    elif isinstance(node, dict):
        if inside:
            yield node
        for key, value in node.items():
            if key in ("properties", "patternProperties", "$defs", "schemas") and isinstance(value, dict):
                for schema in value.values():
                    yield from schemas_in(schema, True)
            elif key in ("schema", "items", "additionalProperties", "anyOf", "allOf", "oneOf", "not", "propertyNames", "prefixItems"):
                yield from schemas_in(value, True)
            elif not inside:
                yield from schemas_in(value)


@pytest.mark.parametrize("name", OPENAPI)
def test_schemas_use_words_that_json_schema_knows(name: str) -> None:
    found = list(schemas_in(OPENAPI[name]))
    assert len(found) > 100
    unknown = {key for schema in found for key in schema if key not in KEYWORDS}
    assert not unknown


@pytest.mark.parametrize("name", OPENAPI)
def test_what_a_body_does_not_know_is_refused_at_every_depth(name: str) -> None:
    schemas = OPENAPI[name]["components"]["schemas"]
    bodies = [
        media["schema"]
        for operations in OPENAPI[name]["paths"].values()
        for operation in operations.values()
        for media in operation.get("requestBody", {}).get("content", {}).values()
        if media["schema"].get("format") != "binary"
    ]
    assert bodies
    open_ones = {title for body in bodies for title, schema in _reached(body, schemas) if schema.get("additionalProperties") is not False}
    assert not open_ones


def _reached(schema: Any, schemas: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        for item in schema:
            yield from _reached(item, schemas, seen)
    elif isinstance(schema, dict):
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in seen:
                yield from _reached({"title": name} | schemas[name], schemas, seen | {name})
            return
        if "properties" in schema:
            yield schema.get("title", "?"), schema
        for value in schema.values():
            yield from _reached(value, schemas, seen)


@pytest.mark.parametrize("name", OPENAPI)
def test_a_schema_has_a_name_of_its_own(name: str) -> None:
    """Where two classes share a name, FastAPI tells them apart by their modules: `deal_svc__deals__api__State`."""
    schemas = OPENAPI[name]["components"]["schemas"]
    assert not [schema for schema in schemas if "__" in schema or not schema[0].isupper()]


@pytest.mark.parametrize("name", OPENAPI)
def test_every_action_names_the_operation_that_performs_it(name: str) -> None:
    assert "operation_id" in OPENAPI[name]["components"]["schemas"]["AllowedAction"]["required"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_route_says_what_it_answers(service: str) -> None:
    """By its annotation: a model, nothing, or a response that is written by hand and has its model beside it."""
    vague = []
    for router in (*load(service).routers, operations_router(service, {})):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            said = get_type_hints(route.endpoint).get("return")
            if said in (None, Any) or (typing.get_args(said) == (Any,)) or (route.response_model is None and said is Response):
                vague.append(route.name)
    assert not vague


@pytest.mark.parametrize("name", OPENAPI)
def test_an_act_that_needs_nothing_needs_no_body(name: str) -> None:
    """What begins with a whole list, such as a drive, asks for a body all the same; a PATCH is nothing without one."""
    document = OPENAPI[name]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            named = {parameter["name"] for parameter in operation.get("parameters", ())}
            body = operation.get("requestBody", {})
            if method == "post" and "If-Match" in named and body.get("required"):
                schema = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert document["components"]["schemas"][schema].get("required"), path


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_new_has_an_address(service: str) -> None:
    """The edge makes a Location out of a route's own path; each such address is that of a GET."""
    routes = [route for router in load(service).routers for route in router.routes if isinstance(route, APIRoute)]
    assert all(isinstance(route, ClinchRoute) for route in routes)
    readable = {route.path for route in routes if "GET" in route.methods}
    one_each = {path.rpartition("/{")[0] for path in readable if path.count("{") == 1 and path.endswith("}")}
    for route in routes:
        if route.status_code == 201:
            versioned = "version" in getattr(route.response_model, "model_fields", {})
            assert (route.path.partition("/{")[0] in one_each) if versioned else (route.path in readable), route.path
