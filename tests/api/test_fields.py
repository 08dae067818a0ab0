"""Lists keep their schema, whole and with `fields`: Schemathesis judges each answer by the document."""

import itertools
import random
import re
from typing import Any

import jsonschema
import schemathesis.openapi
from schemathesis.python import asgi

from tests.api.hosted import Hosted

CHOICES = random.Random(12)
NOT_ASKED = {"list_policy_differences"}
"""Of a simulation that somebody has asked for."""


def test_a_list_with_some_fields_keeps_its_schema(hosted: Hosted) -> None:
    with asgi.get_client(hosted) as client:
        client.headers["Authorization"] = "Bearer all"
        document = hosted.document
        schema: Any = schemathesis.openapi.from_dict(document)
        shown, judged = set(), 0
        for path, operation in lists(document):
            name = operation["operationId"]
            asked, whole = schema[path]["GET"], whole_items(document, operation)
            for at in () if name in NOT_ASKED else addresses(path, name, hosted.values):
                answer = client.get(at)
                assert answer.status_code == 200, (at, answer.text)
                asked.validate_response(answer)
                if not (items := answer.json()["items"]):
                    continue
                for item in items:
                    whole.validate(item)  # nothing may be missing unless it was left out
                for fields in chosen(operation):
                    answer = client.get(at, params={"fields": ",".join(fields)})
                    asked.validate_response(answer)
                    assert all(item.keys() <= set(fields) for item in answer.json()["items"])
                    judged += len(items)
                shown.add(name)
                break
        assert judged > 20
        assert len(shown) * 2 > len(lists(document)), "most lists have something to show"


def lists(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Those that take `fields`."""
    found = [(path, methods["get"]) for path, methods in document["paths"].items() if "get" in methods]
    return [(path, one) for path, one in found if any(parameter["name"] == "fields" for parameter in one.get("parameters", ()))]


def addresses(path: str, operation: str, values: dict[str, list[Any]]) -> list[str]:
    """The path with the values that are known for its parameters; those of the operation itself go before."""
    names = re.findall(r"{(\w+)}", path)
    known = [values.get(f"{operation}.{name}", values.get(name, ())) for name in names]
    return [path.format(**dict(zip(names, chosen, strict=True))) for chosen in itertools.product(*known)]


def chosen(operation: dict[str, Any]) -> list[list[str]]:
    """One field, and some of them."""
    [parameter] = [parameter for parameter in operation["parameters"] if parameter["name"] == "fields"]
    names = parameter["schema"]["items"]["enum"]
    return [[CHOICES.choice(names)], CHOICES.sample(names, min(3, len(names)))]


def whole_items(document: dict[str, Any], operation: dict[str, Any]) -> jsonschema.Draft202012Validator:
    at = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    whole, _ = document["components"]["schemas"][at]["properties"]["items"]["items"]["anyOf"]
    return jsonschema.Draft202012Validator({**whole, "components": document["components"]})
