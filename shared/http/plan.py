"""How a route runs: its dependencies in order, its body, its function, its answer, all found out when the route is made.

FastAPI reads the signatures, checks what they declare and shows it in the OpenAPI document. Running a route is ours: FastAPI looks
anew for each request at what every dependency could be (a generator, a thread, an override, scopes), which ours never are, opens three
exit stacks and reads the content type as an e-mail's: that was a sixth of a request's CPU.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, cast

from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

Function = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class _Step:
    """A function to await: a dependency, or at last the route's own. `takes` are its arguments that other dependencies make."""

    function: Function
    takes: tuple[tuple[str, Function], ...]
    request: str | None
    response: str | None
    declares: Dependant | None
    """With path, query or header parameters, or a body; most dependencies read the request themselves."""


def _steps(of: Dependant) -> Iterator[_Step]:
    """Those that it depends on first."""
    for dependency in of.dependencies:
        yield from _steps(dependency)
    declares = of if of.path_params or of.query_params or of.header_params or of.body_params else None
    takes = tuple((d.name, cast(Function, d.call)) for d in of.dependencies if d.name is not None)
    yield _Step(cast(Function, of.call), takes, of.request_param_name, of.response_param_name, declares)


async def _declared(by: Dependant, request: Request, body: Any) -> tuple[dict[str, Any], list[Any]]:
    """The values of declared parameters, and what is wrong with them."""
    values: dict[str, Any] = {}
    wrong: list[Any] = []
    for field in by.path_params:  # always given, always one: FastAPI would look for lists, models and defaults (10 µs)
        values[field.name], found = field.validate(request.path_params[field.alias], {}, loc=("path", field.alias))
        wrong += found
    for parameters, source in ((by.query_params, "query_params"), (by.header_params, "headers")):
        if parameters:
            read, found = request_params_to_args(parameters, getattr(request, source))
            values |= read
            wrong += found
    if by.body_params:
        read, found = await request_body_to_args(by.body_params, body, embed_body_fields=False)
        values |= read
        wrong += found
    return values, wrong


class Plan:
    """One for each route. Its functions are all `async def`; what the last one returns is a `Response`, or fits `response_model`."""

    def __init__(self, route: APIRoute) -> None:
        steps = {step.function: step for step in _steps(route.dependant)}
        for function in steps:
            if not (iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))):  # noqa: B004
                raise TypeError(f"{route.name}: {function!r} must be `async def`, without `yield`")
        self._function = next(reversed(steps))
        self._steps = tuple(steps.values())
        self._has_body = route.body_field is not None
        self._sets_response = any(step.response for step in self._steps)
        self._status = route.status_code or 200
        self._model = route.response_model
        self._adapter: TypeAdapter[Any] | None = None if self._model is None else TypeAdapter(self._model)

    async def run(self, request: Request) -> tuple[Response, Any]:
        """The answer, and the value that it was written from, if it was.

        Raises what the functions raise, and `RequestValidationError` with everything that is wrong with the input.
        """
        body = await _json(request) if self._has_body else None
        response = _unset() if self._sets_response else None
        made: dict[Function, Any] = {}
        wrong: list[Any] = []
        for step in self._steps:
            arguments = {name: made[function] for name, function in step.takes if function in made}
            runs = len(arguments) == len(step.takes)
            if step.request:
                arguments[step.request] = request
            if step.response:
                arguments[step.response] = response
            if step.declares:
                values, found = await _declared(step.declares, request, body)
                arguments |= values
                wrong += found
                runs = runs and not found
            if runs and not (wrong and step.function is self._function):
                made[step.function] = await step.function(**arguments)
        if wrong:
            raise RequestValidationError(wrong)
        return self._answer(made[self._function], response)

    def _answer(self, value: Any, given: Response | None) -> tuple[Response, Any]:
        if isinstance(value, Response):
            if given is not None:
                value.raw_headers += given.raw_headers
            return value, None
        status = (given and given.status_code) or self._status
        if self._adapter is None:
            return Response(status_code=status), None
        if type(value) is not self._model:  # our own models need no second look
            value = self._adapter.validate_python(value, from_attributes=True)
        response = Response(self._adapter.serializer.to_json(value, by_alias=True), status, media_type="application/json")
        if given is not None:
            response.raw_headers += given.raw_headers
        return response, value


def _unset() -> Response:
    """What functions may set a status and headers on."""
    response = Response()
    response.raw_headers.clear()
    response.status_code = 0
    return response


async def _json(request: Request) -> Any:
    """The body read as JSON, when it says that it is; else as it came, which no model takes."""
    try:
        body = await request.body()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
        return (json.loads(body) if is_json else body) if body else PydanticUndefined
    except json.JSONDecodeError as error:
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error"}]) from error
    except (ValueError, RecursionError, ClientDisconnect) as error:
        raise HTTPException(400) from error
