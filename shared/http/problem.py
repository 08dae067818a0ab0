"""RFC 9457 problems: every refusal and every failure leaves the service in this one shape."""

from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.errors import Invalid, Problem, Unavailable
from shared.http import idempotency
from shared.outage import OUTAGE, TAKES_NO_CHANGES, is_outage
from shared.telemetry import trace_id

log = structlog.get_logger()


class InputError(BaseModel):
    pointer: str
    code: str
    message: str


class UnmetOut(BaseModel):
    code: str
    message: str


class ProblemOut(BaseModel):
    """`errors` lists what is wrong with the input, `unmet` the guards that a refused action still needs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str
    errors: list[InputError] | None = None
    unmet: list[UnmetOut] | None = None
    current_version: int | None = None


def body_of(*, status: int, code: str, title: str, detail: str, trace: str, extra: dict[str, Any]) -> dict[str, Any]:
    slug = code.replace("_", "-")
    return {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "trace_id": trace,
        **extra,
    }


def answer(
    request: Request, *, status: int, code: str, title: str, detail: str, headers: dict[str, str] | None = None, **extra: Any
) -> Response:
    body = body_of(status=status, code=code, title=title, detail=detail, trace=trace_id(request.scope), extra=extra)
    return Response(orjson.dumps(body), status, headers, media_type="application/problem+json")


async def _problem(request: Request, problem: Problem) -> Response:
    response = answer(
        request,
        status=problem.status,
        code=problem.code,
        title=problem.title,
        detail=problem.detail,
        headers=problem.headers,
        **problem.extra,
    )
    if not problem.passes:
        await idempotency.keep_refusal(request, response)
    return response


def pointer(location: tuple[Any, ...]) -> str:
    """An RFC 6901 pointer into the body; for parameters, the parameter's name."""
    place, *rest = location or ("body",)
    if place != "body":
        return ".".join(str(p) for p in rest)
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in rest)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    errors = [{"pointer": pointer(e["loc"]), "code": e["type"], "message": e["msg"]} for e in error.errors()]
    if any(e["code"] == "json_invalid" for e in errors):
        return answer(
            request,
            status=400,
            code="bad_json",
            title="The body is not JSON",
            detail=f"The body could not be read as JSON: {errors[0]['message']}.",
        )
    first = errors[0]
    return answer(
        request,
        status=422,
        code="invalid",
        title="The request is not valid",
        detail=f"{first['pointer'] or 'body'}: {first['message']}" + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""),
        errors=errors,
    )


async def _http(request: Request, error: HTTPException) -> Response:
    titles = {400: "The request could not be read", 404: "Not found", 405: "Method not allowed", 413: "The body is too large"}
    codes = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    details = {
        400: "The body or the form could not be read; send UTF-8 JSON.",
        404: "There is nothing at this address.",
        405: "This address does not take that method.",
        413: "A JSON body may have 1 MiB; use an import for more.",
    }
    status = error.status_code
    return answer(
        request,
        status=status,
        code=codes.get(status, "http_error"),
        title=titles.get(status, "The request was refused"),
        detail=details.get(status, str(error.detail)),
        headers=dict(error.headers or {}),
    )


async def _database_away(request: Request, error: Exception) -> Response:
    if not is_outage(error):
        return await _unexpected(request, error)
    log.warning("database_away", error=type(error).__name__)
    if isinstance(error, TAKES_NO_CHANGES):
        return await _problem(
            request, Unavailable("The database takes no changes at the moment; repeat the request later.", retry_after=10)
        )
    return await _problem(request, Unavailable("The database is busy or restarting; repeat the request."))


async def _no_text(request: Request, error: Exception) -> Response:
    return await _problem(request, Invalid("A text holds the character U+0000, which cannot be stored.", code="bad_character"))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected_error", exc_info=error)
    return answer(request, status=500, code="internal", title=Problem.title, detail="We have logged it under this trace_id.")


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    for away in (*OUTAGE, asyncpg.InterfaceError, asyncpg.InternalClientError):
        if not issubclass(away, Problem):
            app.add_exception_handler(away, _database_away)
    app.add_exception_handler(asyncpg.CharacterNotInRepertoireError, _no_text)
    app.add_exception_handler(asyncpg.UntranslatableCharacterError, _no_text)
    app.add_exception_handler(Exception, _unexpected)
