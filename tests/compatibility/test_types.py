"""What a client that is generated from the documents can rely on: which fields there are, which values, which headers."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.known import MORE_MAY_COME, listed
from tests.compatibility.test_conventions import OPENAPI

HAND_MADE = {"Problem": {"errors", "unmet", "current_version", "accounts"}}
"""Answers that no model writes: what a refusal has nothing to say about, it leaves out."""
LEFT_OUT = {
    "count": "only with count=exact",
    "problem": "only for a row that was refused",
    "errors": "as in a problem",
    "unmet": "as in a problem",
    "traceparent": "only where somebody traces",
}


def reached(node: Any, schemas: dict[str, Any], found: set[str]) -> set[str]:
    """The names of all schemas that a part of a document leads to."""
    if isinstance(node, list):
        for item in node:
            reached(item, schemas, found)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).removeprefix("#/components/schemas/")
        if name in schemas and name not in found:
            found.add(name)
            reached(schemas[name], schemas, found)
        for value in node.values():
            reached(value, schemas, found)
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


@pytest.mark.parametrize("name", OPENAPI)
def test_every_field_of_an_answer_is_there(name: str) -> None:
    """A field with a default is one too: a generated type must not say that it may be missing."""
    document = OPENAPI[name]
    schemas = document["components"]["schemas"]
    answers = reached([operation["responses"] for *_, operation in operations(document)], schemas, set())
    assert len(answers) > 30
    missing = {
        (schema, field)
        for schema in answers
        for field in schemas[schema].get("properties", {}).keys() - set(schemas[schema].get("required", ()))
        if field not in HAND_MADE.get(schema, LEFT_OUT)
    }
    assert not missing, "give such a field no default, or an exclude_if where it is left out"


@pytest.mark.parametrize("name", OPENAPI)
def test_what_has_a_default_may_be_left_out_of_a_body(name: str) -> None:
    document = OPENAPI[name]
    schemas = document["components"]["schemas"]
    bodies = reached([operation.get("requestBody") for *_, operation in operations(document)], schemas, set())
    demanded = {
        (schema, field)
        for schema in bodies
        for field in schemas[schema].get("required", ())
        if "default" in schemas[schema]["properties"][field]
    }
    assert not demanded


@pytest.mark.parametrize("name", OPENAPI)
def test_codes_acts_and_roles_are_listed(name: str) -> None:
    """Each is a schema with all values that the release knows, and says that more may come."""
    schemas = OPENAPI[name]["components"]["schemas"]
    for schema, field, of in [
        ("Problem", "code", "ProblemCode"),
        ("Unmet", "code", "UnmetCode"),
        ("AllowedAction", "action", "ActName"),
        ("AllowedAction", "operation_id", "ActOperation"),
        ("AccessOut", "actor_role", "RoleName"),
    ]:
        assert schemas[schema]["properties"][field]["$ref"] == f"#/components/schemas/{of}"
        assert schemas[of]["enum"] == listed()[of]
        assert schemas[of][MORE_MAY_COME] is True


def test_the_lists_have_what_the_code_declares() -> None:
    """One of each way in which a code is declared: a class, an act, a command, a constant, what a record that is gone refuses by."""
    known = listed()
    assert {"stale", "cannot_qualify", "unknown_owner", "deal_not_movable", "merged", "method_not_allowed"} <= set(known["ProblemCode"])
    assert {"wrong_state", "intent_low", "spin_problem_missing", "discount_authority", "removed"} <= set(known["UnmetCode"])
    assert {"qualify", "advance", "go_live"} <= set(known["ActName"])
    assert "clinch.deal.won.v1" in known["EventType"]
    assert known["StageName"][0] == "discovery"
    assert "win_rate" in known["KpiName"]


def test_operations_of_acts_are_operations() -> None:
    ids = {operation["operationId"] for document in OPENAPI.values() for *_, operation in operations(document)}
    assert set(listed()["ActOperation"]) <= ids


@pytest.mark.parametrize("name", OPENAPI)
def test_answers_name_their_headers(name: str) -> None:
    document = OPENAPI[name]
    schemas = document["components"]["schemas"]
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if not status.startswith("2"):
                continue
            headers = answer.get("headers", {}).keys()
            shown = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
            fields = schemas.get(shown, {}).get("properties", {})
            place = (method, path, status)
            assert ("ETag" in headers) == ("version" in fields), place
            assert ("Link" in headers) == ("next_cursor" in fields), place
            assert ("Location" in headers) == (status == "201"), place
            assert ("Idempotency-Replayed" in headers) == (method != "get"), place
            assert ("RateLimit" in headers) == (operation["security"] != []), place
    for status in (409, 422, 429, 503):
        assert "Retry-After" in document["components"]["responses"][f"Problem{status}"]["headers"]
    assert document["components"]["headers"].keys() >= {"ETag", "Link", "Location", "Retry-After", "Idempotency-Replayed", "RateLimit"}
