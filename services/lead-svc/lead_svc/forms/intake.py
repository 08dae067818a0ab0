"""`POST /v1/forms/{key}`: anybody sends a form, from the pages that it allows."""

from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from lead_svc.forms import rules
from lead_svc.forms.fields import CONSENT, SUBMISSION_ID, UTM, VISITOR_ID
from lead_svc.forms.policy import POLICY
from lead_svc.forms.queries import texts
from lead_svc.forms.record import Form, FormState, form_id
from lead_svc.forms.rules import SUBMIT
from lead_svc.forms.submissions import receive
from lead_svc.forms.tables import FORMS
from shared.auth import SYSTEM
from shared.errors import Forbidden, Invalid, Problem, Rejected
from shared.http.cors import EXPOSED
from shared.http.edge import context_of
from shared.http.open import OpenRoute, address_of

JSON, URLENCODED = "application/json", "application/x-www-form-urlencoded"
PREFLIGHT_SECONDS = 600
_INPUTS = 200
"""Of an urlencoded body; more are none of ours."""


class TooLong(Problem):
    status = 413
    code = "too_large"
    title = "The body is too large"


class FormRoute(OpenRoute):
    """Counts the address, and what it sends to this form, before the body is read. Answers to pages that the form allows say so."""

    async def admit(self, request: Request) -> None:
        state = request.app.state
        request.state.rate = ((b"vary", b"Origin"),)
        policy = state.db.policies.active.get(POLICY)
        await state.link_limiter.count(address_of(request, "forms"), policy.requests)
        async with state.db.read() as db:
            form = await db.get(FORMS, form_id(request.path_params["key"]))
        request.state.form, request.state.longest = form, policy.longest
        origin = request.headers.get("origin")
        if origin is not None and origin not in form.defined.allowed_origins:
            raise Forbidden("The form is not sent from this site.", code="origin_not_allowed")
        if origin is not None:
            request.state.rate += ((b"access-control-allow-origin", origin.encode()), (b"access-control-expose-headers", _EXPOSED))
        if request.method == "POST":
            if int(_digits(request.headers.get("content-length", "0"))) > policy.longest:
                raise _too_long(policy.longest)
            await state.link_limiter.count(address_of(request, f"form {form.id}"), policy.submissions)


_EXPOSED = ", ".join(name for name in EXPOSED if name in ("Retry-After", "X-Trace-Id")).encode()
router = APIRouter(prefix="/v1/forms", tags=["forms"], route_class=FormRoute)
Key = Annotated[str, Path(description="The key of the form.")]


class Received(BaseModel):
    """What everybody is told, whoever they are and however often they sent it."""

    status: Literal["received"] = "received"


_SCHEMA = {
    "type": "object",
    "description": "The inputs of the form by their names. Beside them "
    f"{SUBMISSION_ID}, drawn by the page when it is shown; {VISITOR_ID}, under which the site sends signals of this visitor; "
    f"{', '.join(UTM)}, as the landing address says; {CONSENT}contact and {CONSENT}marketing, with the version of the text as their value.",
    "additionalProperties": {"type": ["string", "null"], "maxLength": 4000},
}
_EXAMPLE = {SUBMISSION_ID: "0198c0de-7000", "email": "anna@acme.example", "utm_campaign": "spring"}
_BODY = {"required": True, "content": {kind: {"schema": _SCHEMA, "example": _EXAMPLE} for kind in (JSON, URLENCODED)}}
_THANKS: dict[int | str, dict[str, Any]] = {303: {"description": "Sent by a browser without a script: the page of the form comes next"}}


@router.post("/{key}", status_code=202, response_model=Received, responses=_THANKS, openapi_extra={"requestBody": _BODY})
async def submit_form(key: Key, request: Request) -> Response:
    """Send a form, as JSON or as browsers send it without a script. It needs no token.

    The answer is the same whoever sends it: a worker finds or makes the lead afterwards. Pages may send it from the sites that the
    form allows; an address may send a form so often as the policy says. Of the inputs nothing is taken that the form does not ask for.
    """
    form: Form = request.state.form
    if form.state is FormState.OFF:
        raise Rejected(SUBMIT.refused, code=SUBMIT.code)
    given, native = await _given(request)
    named = [value for name, value in given.items() if name.startswith(CONSENT) and isinstance(value, str)]
    state = request.app.state
    async with state.db.read() as db:
        sent = rules.read(form.defined, given, await texts(db, form, named))
    async with state.db.begin(context_of(request, SYSTEM)) as tx:
        await receive(tx, form, sent, request.headers.get("origin"))
    if native and form.defined.thanks_url:
        return RedirectResponse(form.defined.thanks_url, 303)
    return JSONResponse(Received().model_dump(), 202)


@router.options("/{key}", status_code=204, include_in_schema=False)
async def preflight_form(key: Key, request: Request, response: Response) -> None:
    """What a browser asks before it sends JSON from another site."""
    if "origin" not in request.headers or "access-control-request-method" not in request.headers:
        raise HTTPException(405, headers={"Allow": "GET, HEAD, PATCH, POST"})
    response.headers["Access-Control-Allow-Methods"] = "POST"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)


async def _given(request: Request) -> tuple[dict[str, Any], bool]:
    """The inputs by name, and whether a browser sent them without a script."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > request.state.longest:
            raise _too_long(request.state.longest)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != URLENCODED:
        return _read_json(bytes(body)), False
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_INPUTS, errors="strict")
    except ValueError:
        raise Invalid("The inputs cannot be read; send them as UTF-8.", code="bad_form") from None
    if twice := {name for name, _ in pairs if sum(other == name for other, _ in pairs) > 1}:
        raise rules.NotAsAsked([rules.Wrong(name[:100], "given_twice", "Send one value.") for name in sorted(twice)])
    return dict(pairs), True


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadJson("It cannot be read as JSON.") from None
    if not isinstance(given, dict):
        raise Invalid("Send one object, with the inputs by their names.", code="model_attributes_type")
    return given


class BadJson(Problem):
    status = 400
    code = "bad_json"
    title = "The body is not JSON"


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) < 19 else "0"


def _too_long(longest: int) -> TooLong:
    return TooLong(f"A submission may have {longest} bytes.")
