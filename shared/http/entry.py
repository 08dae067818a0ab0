"""What a request must look like before its route reads it: parameters and the type of its body.

A misspelt parameter would otherwise be passed over, and `?dryrun=true` carried out.
"""

from collections.abc import Callable

from fastapi import Request
from fastapi.routing import APIRoute

from shared.errors import Invalid, Problem
from shared.http.dependants import query_names

Check = Callable[[Request], None]


class UnsupportedMediaType(Problem):
    status = 415
    code = "unsupported_media_type"
    title = "The body is of another type"


def checks_of(route: APIRoute) -> Check:
    """A function that refuses what this route does not take. Call it when `route` is complete."""
    extra = route.openapi_extra or {}
    known = query_names(route) | {p["name"] for p in extra.get("parameters", ()) if p["in"] == "query"}
    files = frozenset(extra.get("requestBody", {}).get("content", ()))
    takes_json = route.body_field is not None

    def check(request: Request) -> None:
        problem = _unknown(request, known) if request.scope["query_string"] else None
        if problem is None and (takes_json or files):
            problem = _other_type(request, files)
        if problem is not None:
            raise problem

    return check


def _unknown(request: Request, known: set[str]) -> Problem | None:
    unknown = [name for name in request.query_params if name not in known]
    if not unknown:
        return None
    takes = f"It takes {', '.join(sorted(known))}." if known else "It takes none."
    return Invalid(f"This address has no such query parameter. {takes}", pointer=unknown[0][:100], code="unknown_parameter")


def _other_type(request: Request, files: frozenset[str]) -> Problem | None:
    headers = request.headers
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    if given == "application/json" and not files:
        return None
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return None
    if files:
        takes = ", ".join(sorted(files))
        return None if not given or given in files else UnsupportedMediaType(f"Send the file as one of {takes}, or without a Content-Type.")
    if given.startswith("application/") and given.endswith("+json"):
        return None
    return UnsupportedMediaType("Send the body as JSON, with the header Content-Type: application/json.")
