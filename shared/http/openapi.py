"""The OpenAPI document of a service, with every error that a route can give, as one problem shape."""

import typing
from dataclasses import is_dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared import known
from shared.auth.dependency import TOKEN, TOKEN_NAME
from shared.http import access_log, told
from shared.http.dependants import dependencies
from shared.http.export.answer import FILES, is_list
from shared.http.going import going_of
from shared.http.page import item_of
from shared.http.part import say_parts
from shared.http.problem import ProblemOut
from shared.http.routes import Routes
from shared.http.settled import DOCUMENTED as SAYS_SETTLED
from shared.http.settled import NAME as SETTLED

_READ = {
    400: "The request could not be read, for example bad UTF-8",
    401: "No valid access token",
    403: "The role does not allow this",
    404: "There is none, or the caller may not see it",
    422: "The input is not valid; `errors` says where",
    429: "The caller has sent too many requests; repeat after Retry-After",
    503: "Overloaded or restarting; repeat after Retry-After",
}
_WRITE = _READ | {
    409: "A rule says no; `unmet` lists why",
    412: "It has changed since it was read",
    413: "The body is over the limit",
    415: "The body is of another content type",
    428: "If-Match is missing",
}

_SERVERS = [{"url": "/", "description": "The origin that this document comes from: it is that of all services"}]


def complete(route: APIRoute) -> None:
    """Name the operation like its function, and show the parameters that dependencies read themselves."""
    route.operation_id = route.name
    extra = dict(route.openapi_extra or {})
    shown = [*extra.get("parameters", ()), *(p for call in dependencies(route) for p in getattr(call, "openapi_parameters", ()))]
    read: dict[tuple[str, str], dict[str, Any]] = {}
    if access_log.reads_of(route) is not None:
        shown.append(access_log.REASON)
    for parameter in shown:
        if (key := (parameter["name"], parameter["in"])) not in read or parameter["required"]:
            read[key] = parameter  # what one dependency requires is required
    if fields := read.get(("fields", "query")):
        names = list(item_of(route.response_model).model_fields)
        schema = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": names}}
        read["fields", "query"] = {**fields, "style": "form", "explode": False, "schema": schema}
    if read:
        extra["parameters"] = list(read.values())
    if ends := going_of(route):
        route.deprecated = True
        route.description = f"{route.description}\n\n{ends.says}".strip()
    route.openapi_extra = extra or None


def or_known(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """For `responses` of a POST that brings what is known by its `external_id` to the given values."""
    return {200: {"model": model, "description": "It was known already, by its external_id, and has these values now"}}


def install(app: FastAPI) -> None:
    """Replace the app's document with one that has our problems instead of FastAPI's own 422."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    routes = [route for group in app.routes if isinstance(group, Routes) for route in group.routes]
    seen: set[Any] = set()
    for route in routes:
        for model in (route.response_model, *(said.get("model") for said in route.responses.values())):
            _say_what_is_there(model, seen)
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=routes, servers=_SERVERS)
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for own in ("HTTPValidationError", "ValidationError"):
        schemas.pop(own, None)
    problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["securitySchemes"] = {TOKEN_NAME: TOKEN.model_dump(mode="json", by_alias=True, exclude_none=True)}
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {f"Problem{code}": {"description": says, "content": content} for code, says in _WRITE.items()}
    for path in made["paths"].values():
        for method, operation in path.items():
            operation.setdefault("security", [{TOKEN_NAME: []}])  # a customer's link says that it needs none
            answers = operation["responses"]
            for media in answers["200"].get("content", {}).values() if "200" in answers else ():
                if media.pop("itemSchema", None):  # FastAPI describes event streams by a word of OpenAPI 3.2, and this is 3.1
                    media["schema"] = {"type": "string", "description": "Server-Sent Events"}
            answers.pop("422", None)
            codes = _READ if method == "get" else _WRITE
            for code in codes:
                answers.setdefault(str(code), {"$ref": f"#/components/responses/Problem{code}"})
            for code in sorted(code for code in answers if code.startswith("2")):
                _show_headers(answers[code], schemas, new=code == "201", replayed=codes is _WRITE, counted=bool(operation["security"]))
    for route in filter(is_list, routes):
        made["paths"][route.path_format]["get"]["responses"]["200"]["content"] |= FILES
    components["headers"] = _HEADERS
    for code in (409, 422, 429, 503):
        components["responses"][f"Problem{code}"]["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    say_parts(made["paths"], schemas)
    told.typed(schemas, app.state.service)
    made = dict(known.with_references(made))
    made["components"]["schemas"] |= {name: shape for name, shape in known.schemas().items() if _refers(made, name)}
    return made


def _say_what_is_there(hint: Any, seen: set[Any]) -> None:
    """Fields of answers are always there, also those that are made with a default; a field with `exclude_if` may be left out."""
    for part in typing.get_args(hint):
        _say_what_is_there(part, seen)
    if isinstance(hint, type) and hint not in seen:
        seen.add(hint)
        if issubclass(hint, BaseModel):
            hint.model_config["json_schema_serialization_defaults_required"] = True
            for field in hint.model_fields.values():
                _say_what_is_there(field.annotation, seen)
        elif is_dataclass(hint):
            for of in typing.get_type_hints(hint).values():
                _say_what_is_there(of, seen)


def _refers(node: Any, name: str) -> bool:
    """Whether anything in the document refers to the schema of this name."""
    if isinstance(node, list):
        return any(_refers(item, name) for item in node)
    if isinstance(node, dict):
        return node.get("$ref") == f"#/components/schemas/{name}" or any(_refers(value, name) for value in node.values())
    return False


_TEXT = {"type": "string"}
_HEADERS = {
    "ETag": {"description": "The version of the record and whose view of it: for If-None-Match and If-Match", "schema": _TEXT},
    "Link": {"description": 'The next page, if there is one: `</v1/leads?cursor=...>; rel="next"`', "schema": _TEXT},
    "Location": {"description": "The address of what is new, or of the list that shows it; none for a dry run", "schema": _TEXT},
    "RateLimit-Policy": {"description": '`"principal";q=60000;w=60`: requests that a caller may send in a minute', "schema": _TEXT},
    "RateLimit": {"description": '`"principal";r=19000;t=1`: requests left now, and seconds until all are back', "schema": _TEXT},
    "Retry-After": {
        "description": "Seconds after which the same request may succeed",
        "schema": {"type": "integer"},
    },
    "Idempotency-Replayed": {"description": "`true`: the answer that this key was given before", "schema": {"const": "true"}},
    SETTLED: SAYS_SETTLED,
}


def _show_headers(answer: dict[str, Any], schemas: dict[str, Any], *, new: bool, replayed: bool, counted: bool) -> None:
    """`counted`: the caller has a token, so the answer says how many requests are left."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    record = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
    names = [
        *(["ETag"] if "version" in record.get("properties", ()) else []),
        *(["Link"] if "next_cursor" in record.get("properties", ()) else []),
        *(["Location"] if new else []),
        *(["Idempotency-Replayed", SETTLED] if replayed else []),
        *(["RateLimit-Policy", "RateLimit"] if counted else []),
    ]
    if names:
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
