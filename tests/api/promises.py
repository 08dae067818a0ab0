"""What an OpenAPI document promises, held against the answers. Schemathesis makes the requests; this says which ones, and judges."""

import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis.openapi
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.python import asgi

from tests.api.hosted import Hosted

BEYOND_SCHEMA = {
    *("bad_parameter", "bad_period", "before_previous", "empty_file", "inbound_reached", "not_timeline", "position_gone", "value_error"),
    *("not_in_list", "bad_filter"),
    *("name_twice", "name_reserved", "field_twice", "no_address", "purpose_twice", "origin", "text_changed"),
    *("missing", "not_in_form", "given_twice", "unknown_text_version", "rate_limited"),
    *("unknown_kind", "unknown_lead", "nobody", "text_version_needed", "from_needed", "unknown_kpi"),
    *(
        "unknown_account",
        "unknown_contact",
        "unknown_quote",
        "before_act",
        "unknown_referrer_account",
        "unknown_team",
        "inactive_person",
        "cannot_move",
        "past",
        "reporting_currency",
    ),
    *("since_needed", "other_version", "no_such_dimension", "too_many_periods"),
    *(
        "tax_class_or_percent",
        "unknown_tax_class",
        "above_price",
        "two_discounts",
        "other_currency",
        "no_fx_rate",
        "unknown_product",
        "too_large",
        "before_start",
        "bad_image",
        "unknown_part",
        "unprintable_character",
    ),
    *("day_range", "time_range", "too_fine", "blank", "unseen_character"),
    *("not_for_robots", "not_for_mail", "not_signed", "not_a_robot", "no_mail_server", "address_refused"),
}
"""Codes of refusals for reasons that JSON Schema cannot express: rules between fields, references, the calendar."""
OF_FILES = {"bad_format", "bad_pair", "unknown_zone", "unknown_field", "unknown_column", "missing_field", "bad_header", "bad_value"}
"""And of imports: what their options say in small languages of their own (strptime, `field=value`), and what only the file can tell."""
OF_ATTACHMENTS = {"bad_file", "unsupported_media_type"}
"""And of attachments: the name, the type and the beginning of a file must fit each other."""


@dataclass
class Findings:
    asked: Counter[str] = field(default_factory=Counter)
    """Requests by operation."""
    accepted: set[str] = field(default_factory=set)
    """Operations that answered 2xx at least once."""
    broken: dict[str, str] = field(default_factory=dict)
    """Broken promises, each with a request that shows it."""

    def hear(self, event: Any) -> None:
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            self.broken.setdefault(f"{event.label} {event.value}", f"{event.label}: {event.value}")
        elif isinstance(event, events.ScenarioFinished):
            for id, node in event.recorder.cases.items():
                answer = event.recorder.find_response(case_id=id)
                label = node.value.operation.label
                self.asked[label] += 1
                if answer is not None and answer.status_code < 300:
                    self.accepted.add(label)
                for check in event.recorder.checks.get(id, ()):
                    if check.status is Status.FAILURE and not _excused(check, node.value, answer):
                        self._note(label, check, answer)

    def _note(self, label: str, check: Any, answer: Any) -> None:
        failure, sample = check.failure_info.failure, check.failure_info.code_sample
        got = "" if answer is None else f"{answer.status_code} {answer.content[:400].decode(errors='replace')}"
        self.broken.setdefault(
            f"{label} {check.name} {failure.title}", f"{label}\n  {check.name}: {failure.title}\n  {failure.message}\n  {sample}\n  {got}"
        )


def _excused(check: Any, case: Any, answer: Any) -> bool:
    match check.name:
        case "positive_data_acceptance":
            # What a policy document may hold, the schema at its own address says.
            told = [error for error in answer.json().get("errors", [answer.json()]) if not error.get("pointer", "").startswith("/document")]
            codes = {error["code"] for error in told}
            more = OF_FILES if case.path.startswith("/v1/imports/") else OF_ATTACHMENTS if case.path.endswith("/attachments") else set()
            return codes <= BEYOND_SCHEMA | more
        case "negative_data_rejection":
            # In a query everything is text, so `1` for a text is one; the rows of a bulk are refused one by one.
            said = check.failure_info.failure.message
            return "in query" in said or "positive test case" in said or case.path.endswith("/bulk")
    return False


def findings(hosted: Hosted, *, phases: set[str], examples: int = 10, lists: bool = True) -> tuple[Findings, set[str]]:
    """What came of the requests, and the operations that there are. Without `lists`, those that are read in pages are left out."""
    with asgi.get_client(hosted):
        pass  # starts it: what it holds is part of the configuration
    schema: Any = schemathesis.openapi.from_dict(
        _with_known_values(hosted.document, hosted.values), config=_configuration(phases, examples)
    )
    schema.app = hosted
    if not lists:
        schema = schema.exclude(lambda context: any(p["name"] == "cursor" for p in context.operation.definition.raw.get("parameters", ())))
    found = Findings()
    for event in from_schema(schema).execute():
        found.hear(event)
    return found, {operation.ok().label for operation in schema.get_all_operations()}


def _with_known_values(document: dict[str, Any], known: dict[str, list[Any]]) -> dict[str, Any]:
    """The document for a client that knows these ids: requests with others would all end as 404."""
    made: dict[str, Any] = copy.deepcopy(document)
    schemas = made["components"]["schemas"]
    for operation in (o for path in made["paths"].values() for o in path.values()):
        values = known | {name.partition(".")[2]: of for name, of in known.items() if name.startswith(f"{operation['operationId']}.")}
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in values and parameter["in"] == "path":
                parameter["schema"] = {"type": "string", "enum": values[parameter["name"]]}
            if parameter["name"] == "dry_run":
                parameter["schema"] = {"enum": ["false"]}  # chains count on what they have made
            if parameter["name"] == "wait":
                parameter["schema"] = {"enum": ["0"]}
            if parameter["name"] == "If-Match":
                parameter["schema"] = {"type": "string", "enum": ["*"]}
        for media in operation.get("requestBody", {}).get("content", {}).values():
            name = media["schema"].get("$ref", "").rpartition("/")[2]
            if name and values.keys() & schemas[name].get("properties", {}).keys():
                body = copy.deepcopy(schemas[name])
                for n in values.keys() & body["properties"].keys():
                    nullable = {"type": "null"} in body["properties"][n].get("anyOf", ())
                    body["properties"][n] = {"enum": [*values[n], None] if nullable else values[n]}
                schemas[f"{name}_{operation['operationId']}"] = body
                media["schema"] = {"$ref": f"#/components/schemas/{name}_{operation['operationId']}"}
    return made


def _configuration(phases: set[str], examples: int) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": "Bearer all"},
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "continue-on-failure": True,
            "phases": {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")}
            | {"coverage": {"enabled": "coverage" in phases, "unexpected-methods": ["DELETE", "OPTIONS"]}},
            "checks": {
                # Random input meets the rules too, and those are tested where they are.
                "positive_data_acceptance": {"enabled": "fuzzing" not in phases},
                "missing_required_header": {"expected-statuses": [400, 401, 422, 428]},
                "negative_data_rejection": {"expected-statuses": [400, 401, 404, 405, 409, 412, 413, 415, 422, 428]},
            },
        }
    )
