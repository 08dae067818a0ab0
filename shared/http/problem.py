"""RFC 9457 problems: every refusal and every failure leaves the service in this one shape."""

from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Invalid, Problem, Unavailable
from shared.http import idempotency
from shared.known import InputCode, ProblemCode, UnmetCode
from shared.process.outage import OUTAGE, TAKES_NO_CHANGES, is_outage
from shared.process.telemetry import trace_id
from shared.sentences import sentence

log = structlog.get_logger()


class InputError(BaseModel):
    pointer: str
    code: InputCode
    message: str


class UnmetOut(BaseModel):
    code: UnmetCode
    message: str


class AccountAlike(BaseModel):
    id: UUID
    name: str
    external_id: str | None
    owner_id: UUID | None
    region: str | None
    industry: str | None
    size: str | None


class ProblemOut(BaseModel):
    """`errors` lists what is wrong with the input, `unmet` the guards that a refused action still needs, `accounts` those of the name
    of a lead's company (`account_exists`)."""

    type: str
    title: str
    status: int
    detail: str
    code: ProblemCode
    trace_id: str
    errors: list[InputError] | None = None
    unmet: list[UnmetOut] | None = None
    current_version: int | None = None
    accounts: list[AccountAlike] | None = None


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
    found = error.errors()
    if found[0]["type"] == "json_invalid":
        detail = f"It cannot be read as JSON from character {found[0]['loc'][1]} on."
        return answer(request, status=400, code="bad_json", title="The body is not JSON", detail=detail)
    errors = [{"pointer": pointer(e["loc"]), "code": e["type"], "message": sentence(e)} for e in found]
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
    status = error.status_code
    said = _HTTP.get(status) or _Said(code="http_error", title="The request was refused", detail=str(error.detail))
    detail = _unreadable(error.__cause__) if status == 400 else said.detail
    return answer(request, status=status, code=said.code, title=said.title, detail=detail, headers=dict(error.headers or {}))


class _Said(NamedTuple):
    code: str
    title: str
    detail: str


_HTTP = {
    400: _Said(code="bad_request", title="The request could not be read", detail=""),
    404: _Said(code="not_found", title="Not found", detail="There is nothing at this address."),
    405: _Said(code="method_not_allowed", title="Method not allowed", detail="This address does not take that method."),
    413: _Said(code="too_large", title="The body is too large", detail="A JSON body may have 1 MiB; use an import for more."),
}


def _unreadable(cause: BaseException | None) -> str:
    """What FastAPI could not read of a body."""
    match cause:
        case UnicodeDecodeError():
            return "The body holds bytes that are not UTF-8; send UTF-8 JSON."
        case RecursionError():
            return "The body is nested too deeply."
        case ValueError():
            return "The body holds a number of too many digits."
    return "The body could not be read; send UTF-8 JSON."


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


async def _cut_off(request: Request, error: Exception) -> Response:
    """Nobody reads this answer; it stands in the figures."""
    log.info("request_cut_off")
    return answer(request, status=400, code="cut_off", title="The request was cut off", detail="Its end has not come; send it again.")


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected_error", exc_info=error)
    return answer(request, status=500, code="internal", title=Problem.title, detail="We have logged it under this trace_id.")


class Unexpected:
    """Answers what no handler knows from inside the other middleware: outside of it, a 500 would have neither trace nor CORS headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            await (await _unexpected(Request(scope), error))(scope, receive, send)


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    for away in (*OUTAGE, asyncpg.InterfaceError, asyncpg.InternalClientError):
        if not issubclass(away, Problem):
            app.add_exception_handler(away, _database_away)
    app.add_exception_handler(ClientDisconnect, _cut_off)
    app.add_exception_handler(asyncpg.CharacterNotInRepertoireError, _no_text)
    app.add_exception_handler(asyncpg.UntranslatableCharacterError, _no_text)
    app.add_middleware(Unexpected)
