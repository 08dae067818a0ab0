"""What a client that is generated from the documents can rely on: which fields there are, which values, which headers."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import orjson
import pytest

from clinch.dev.documents import published
from shared.events.envelope import EVERY_SERVICE, Event, structured
from shared.known import MORE_MAY_COME, listed
from shared.masking import without_free_texts
from tests.compatibility.samples import GOLDEN
from tests.compatibility.test_conventions import OPENAPI

HAND_MADE = {"Problem": {"errors", "unmet", "current_version", "accounts"}}
"""Answers that no model writes: what a refusal has nothing to say about, it leaves out."""
EVENTS = {"EventStamp", *(f"{event.__name__}Data" for event in published().values())}
"""What an event does not have to tell: events of years ago do not know of fields that came later."""
LEFT_OUT = {
    **dict.fromkeys(("owners", "accounts", "contacts", "deals", "contracts", "leads"), "only with embed"),
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
    """A field with a default is one too: a generated type must not say that it may be missing. Only what `fields` narrows is in part."""
    document = OPENAPI[name]
    schemas = document["components"]["schemas"]
    answers = reached([operation["responses"] for *_, operation in operations(document)], schemas, set())
    assert len(answers) > 30
    missing = {
        (schema, field)
        for schema in answers
        for field in schemas[schema].get("properties", {}).keys() - set(schemas[schema].get("required", ()))
        if field not in HAND_MADE.get(schema, LEFT_OUT)
        and schema not in EVENTS
        and not schema.startswith("Event.")
        and not schema.endswith(".Part")
    }
    assert not missing, "give such a field no default, or an exclude_if where it is left out"


SERVICE = {"lead-svc": "LeadTimelineEntry", "deal-svc": "DealTimelineEntry", "contract-svc": "ContractTimelineEntry"}


@pytest.mark.parametrize("service", SERVICE)
def test_the_data_of_a_timeline_is_typed_by_the_type(service: str) -> None:
    """Each event that the service has ever told fits the schema of its type, masked too."""
    document = OPENAPI[f"docs/openapi/{service}.json"]
    mapping = document["components"]["schemas"][SERVICE[service]]["discriminator"]["mapping"]
    told = {type_: event for type_, event in published().items() if event.publisher in (service, EVERY_SERVICE)}
    assert mapping.keys() == told.keys()
    for type_, event in told.items():
        fits = _validator(document, mapping[type_])
        facts = {name: value for name, value in _golden(type_)["data"].items() if name not in Event.model_fields}
        for data in (facts, without_free_texts(type_, facts)):
            fits.validate(_entry(type_, data))
        required = set(event.model_json_schema().get("required", ()))
        if required:
            assert not fits.is_valid(_entry(type_, {name: value for name, value in facts.items() if name not in required}))
        assert not fits.is_valid(_entry("clinch.deal.forgotten.v1", facts))


def test_the_feed_types_its_events_too() -> None:
    document = OPENAPI["docs/openapi/metrics-svc.json"]
    assert document["components"]["schemas"]["CloudEventOut"]["discriminator"]["mapping"].keys() == published().keys()
    golden = _golden("clinch.deal.won.v1")
    event = orjson.loads(structured(golden["headers"], orjson.dumps(golden["data"])))
    _validator(document, "#/components/schemas/CloudEventOut.DealWon").validate(event)


def _validator(document: dict[str, Any], at: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": at, "components": document["components"]})


def _golden(type_: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((GOLDEN / f"{type_}.json").read_bytes())
    return found


def _entry(type_: str, data: dict[str, Any]) -> dict[str, Any]:
    id, at = "0198c0de-0000-7000-8000-000000000001", "2026-01-31T08:30:00Z"
    who = {"actor_id": id, "actor_role": "rep", "correlation_id": "a"}
    words = {"summary": "What happened", "text": None}
    return {"id": id, "type": type_, "subject": id, "version": 1, "time": at, "recorded_at": at, **who, **words, "data": data}


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
        ("TimerOut", "kind", "TimerKind"),
    ]:
        assert schemas[schema]["properties"][field]["$ref"] == f"#/components/schemas/{of}"
        assert schemas[of]["enum"] == listed()[of]
        assert schemas[of][MORE_MAY_COME] is True


def test_the_lists_have_what_the_code_declares() -> None:
    """One of each way in which a code is declared: a class, an act, a command, a constant, what a record that is gone refuses by."""
    known = listed()
    assert {"stale", "cannot_qualify", "unknown_owner", "deal_not_movable", "merged", "method_not_allowed"} <= set(known["ProblemCode"])
    assert {"wrong_state", "intent_low", "spin_problem_missing", "needs_approval", "removed"} <= set(known["UnmetCode"])
    assert {"qualify", "advance", "go_live"} <= set(known["ActName"])
    assert "clinch.deal.won.v1" in known["EventType"]
    assert known["StageName"][0] == "discovery"
    assert "win_rate" in known["KpiName"]
    assert known["FunnelStepName"][:3] == ["captured", "mql", "sql"]
    assert {"acceptance", "first_response"} <= set(known["DeadlineName"])
    assert {"quote_expiry", "task"} <= set(known["TimerKind"])
    assert {"lead", "deal", "payment", "spend"} <= set(known["RecordKind"])


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


WHOLE = {
    "list_kpis": "the catalogue",
    "read_figures": "one for each KPI of the catalogue",
    "list_exports": "the catalogue",
    "list_milestones": "the schedule of one contract, which has a limit",
    "list_lead_attachments": "at most 200",
    "list_deal_attachments": "at most 200",
    "list_contract_attachments": "at most 200",
    "list_lead_duplicates": "at most 20",
    "list_account_duplicates": "at most 20",
    "list_contact_duplicates": "at most 20",
    "list_leads_imports": "takes `limit`",
    "list_deals_imports": "takes `limit`",
    "list_rates_imports": "takes `limit`",
    "list_spend_imports": "takes `limit`",
    "search": "takes `limit`",
    "list_events": "takes `limit`, and goes on after a position",
    "list_deal_members": "colleagues in the team of one record",
    "list_account_members": "colleagues in the team of one record",
    "list_lead_merges": "what was merged into one record",
    "list_account_merges": "what was merged into one record",
    "list_contact_merges": "what was merged into one record",
    "list_hand_overs": "of one person",
    "list_consents": "what one person declared",
    "list_contact_consents": "what one person declared",
}
"""Lists that are not paged, and why each is short. What can grow without an end has `next_cursor`."""


def test_a_list_answers_with_items() -> None:
    """Never with a bare array, which could not be paged one day. One that is paged has `next_cursor`, and takes `limit` and `cursor`."""
    whole, paged = set(), 0
    for name, document in OPENAPI.items():
        schemas = document["components"]["schemas"]
        for method, path, operation in operations(document):
            shown = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
            assert shown.get("type") != "array", (name, path)
            fields = schemas.get(shown.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
            if method == "get" and "next_cursor" in fields:
                paged += 1
                asked = {parameter["name"] for parameter in operation["parameters"]}
                embedded = {shape for shape in fields if LEFT_OUT.get(shape) == "only with embed"}
                assert fields.keys() - embedded == {"items", "next_cursor", "count"}, (name, path)
                assert bool(embedded) == ("embed" in asked), (name, path)
                assert asked >= {"limit", "cursor"}, (name, path)
            elif method == "get" and "items" in fields:
                whole.add(operation["operationId"])
    assert whole == WHOLE.keys()
    assert paged > 50


NO_VERSION = {
    "hand_over_person": "a job, which has a state",
    "remove_webhook": "it is gone",
    "remove_notification_channel": "it is gone",
}


def test_whoever_changes_a_record_is_told_its_new_version() -> None:
    """Otherwise the next change of the same person would be refused with 412, as if somebody else had been faster."""
    silent = set()
    for document in OPENAPI.values():
        schemas = document["components"]["schemas"]
        for method, _, operation in operations(document):
            if method == "get" or "If-Match" not in {parameter["name"] for parameter in operation.get("parameters", ())}:
                continue
            for status, answer in operation["responses"].items():
                shown = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
                told = [field for field in schemas.get(shown, {}).get("properties", {}) if field == "version" or field.endswith("_version")]
                if status.startswith("2") and not told:
                    silent.add(operation["operationId"])
    assert silent == NO_VERSION.keys()
