"""Routes for customers, who have a link and no token, and the evidence of what they did."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, RedirectResponse

from deal_svc.customer import commands
from deal_svc.customer.commands import Caller, Opened
from deal_svc.customer.page import LONGEST_NAME, LONGEST_REASON, Shown, nothing_page, quote_page
from deal_svc.customer.queries import LIST, OF_QUOTE, shown
from deal_svc.customer.record import Did, Evidence
from deal_svc.customer.rules import over
from deal_svc.quotes import queries as quotes
from deal_svc.quotes.printing import parties_of
from shared import documents
from shared.access.kinds import DEALS, unmasked
from shared.auth import SYSTEM, CurrentActor
from shared.calendar import day_of
from shared.db.tx import Reader, Tx
from shared.documents.answer import PDF, PdfResponse, pdf
from shared.errors import NotFound, Problem, Rejected
from shared.fields import PERSONAL, personal
from shared.http.edge import ClinchRoute, Reading, context_of
from shared.http.listing import Page, PageRequest
from shared.http.open import caller_of
from shared.links import LinkRoute, hash_of
from shared.masking import masked

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=ClinchRoute)
public = APIRouter(prefix="/p/quotes", tags=["links"], route_class=LinkRoute)

# The address has no secret any more: `shared.http.hidden` took it out, so that no trace can tell it.
Secret = Annotated[str, Path(description="What the link was made with")]
_HTML = {"text/html": {"schema": {"type": "string"}}}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page", "content": _HTML},
    404: {"description": "A page that says so: the secret is wrong, over or revoked", "content": _HTML},
    410: {"description": "A page with a sentence: expired, declined, replaced, withdrawn, or the deal is lost", "content": _HTML},
}
_ANSWERED: dict[int | str, dict[str, Any]] = {
    303: {"description": "Done, or done before; the page shows it"},
    404: _PAGE[404],
    409: {"description": "The page, as things are now: it cannot be answered", "content": _HTML},
    410: _PAGE[410],
    422: {"description": "The page, which asks for the name and the tick", "content": _HTML},
}
_FORM = "application/x-www-form-urlencoded"


def _form(**more: Any) -> dict[str, Any]:
    properties = {"name": {"type": "string", "maxLength": LONGEST_NAME}, "agreed": {"type": "string", "const": "yes"}, **more}
    schema = {"type": "object", "additionalProperties": False, "required": ["name", "agreed"], "properties": properties}
    return {"requestBody": {"required": True, "content": {_FORM: {"schema": schema}}}}


class GoneNow(Problem):
    status = 410
    code = "quote_over"
    title = "The quote is over"


@public.get("/{secret}", response_class=HTMLResponse, responses=_PAGE)
async def open_quote_link(secret: Secret, request: Request, db: Reading) -> HTMLResponse:
    """The page of a quote, for whoever has the link: what is offered, the document, and the answer. Reading changes nothing."""
    return await _page(request, db)


@public.get("/{secret}/document", response_class=PdfResponse, responses=PDF)
async def get_linked_document(secret: Secret, request: Request, db: Reading) -> PdfResponse:
    """The quote's document as a PDF. 404 for a secret that leads nowhere, 410 `quote_over` when the quote does not stand any more."""
    link, shows = await _shown(request, db)
    if over(shows.quote, shows.facts):
        raise GoneNow("The quote does not stand any more.")
    document = await documents.kept_by_id(db, link.document_id)
    if document is None:
        raise NotFound("There is no such document.")
    return pdf(request, document, link.file_name)


@public.post("/{secret}/viewed", status_code=204)
async def view_quote_link(secret: Secret, request: Request) -> None:
    """The page says that somebody looks at it. The first time by each link is told, as `quote.viewed`."""
    async with request.app.state.db.begin(context_of(request, SYSTEM)) as tx:
        await commands.view(tx, hash_of(request.state.secret), _caller(request))


@public.post(
    "/{secret}/accept", status_code=303, response_model=None, response_class=HTMLResponse, responses=_ANSWERED, openapi_extra=_form()
)
async def accept_quote_link(secret: Secret, request: Request) -> RedirectResponse | HTMLResponse:
    """The customer says yes, with name and tick. Whoever asks twice, or at once from two places, is answered once."""

    async def accept(tx: Tx, name: str, _: str) -> None:
        await commands.accept(tx, hash_of(request.state.secret), _caller(request), name)

    return await _answer(request, accept)


_REASON = {"reason": {"type": "string", "maxLength": LONGEST_REASON}}


@public.post(
    "/{secret}/decline",
    status_code=303,
    response_model=None,
    response_class=HTMLResponse,
    responses=_ANSWERED,
    openapi_extra=_form(**_REASON),
)
async def decline_quote_link(secret: Secret, request: Request) -> RedirectResponse | HTMLResponse:
    """The customer says no, with name and tick, and a reason if they like."""

    async def decline(tx: Tx, name: str, reason: str) -> None:
        await commands.decline(tx, hash_of(request.state.secret), _caller(request), name, reason or "declined by the customer")

    return await _answer(request, decline)


class EvidenceOut(BaseModel):
    """What a customer did by a link. `document_hash`: SHA-256 of the document that they had."""

    id: UUID
    quote_id: UUID
    link_id: UUID
    did: Did
    at: datetime
    name: Annotated[str | None, PERSONAL]
    reason: Annotated[str | None, PERSONAL]
    address: Annotated[str | None, PERSONAL, Field(description="Of the network: an IPv4 address, or the first half of an IPv6 one")]
    agent: str
    document_hash: str


_PERSONAL = personal(EvidenceOut)


@router.get("/{quote_id}/evidence")
async def list_quote_evidence(
    quote_id: UUID, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor
) -> Page[EvidenceOut]:
    """What the customer did by links: looked at it, accepted or declined it, each with who, when, from where, and what they had."""
    await quotes.SEEN.get(db, by, quote_id)

    def out(row: Evidence) -> EvidenceOut:
        said = {name: getattr(row, name) for name in EvidenceOut.model_fields}
        return EvidenceOut(**said if unmasked(DEALS, by) else said | masked(said, _PERSONAL))

    return await LIST.page(db, page, where=OF_QUOTE, params={"quote_id": quote_id}, each=out)


# -- What the routes have in common ------------------------------------------------------------------------------------------


async def _shown(request: Request, db: Reader) -> tuple[Opened, Shown]:
    state = request.app.state
    now, zone = state.clock(), state.settings.zone
    link = await commands.opened(db, hash_of(request.state.secret), now)
    quote, facts, signed = await shown(db, link.quote_id, day_of(now, zone))
    return link, Shown(quote, facts, signed, await parties_of(db, quote), zone)


async def _page(request: Request, db: Reader, status: int = 200, problem: str | None = None) -> HTMLResponse:
    try:
        link, shows = await _shown(request, db)
    except NotFound:
        return nothing_page(request)
    return quote_page(request, _path(request), link, shows, status=status, problem=problem)


async def _answer(request: Request, act: Callable[[Tx, str, str], Awaitable[None]]) -> RedirectResponse | HTMLResponse:
    name, reason, agreed = await _given(request)
    problem: tuple[int, str] | None = None
    if not agreed or not name:
        problem = (422, "incomplete")
    else:
        try:
            async with request.app.state.db.begin(context_of(request, SYSTEM)) as tx:
                await act(tx, name, reason)
        except NotFound:
            return nothing_page(request)
        except Rejected:
            problem = (409, "not_now")
    if problem is None:
        return RedirectResponse(_path(request), 303)
    async with request.app.state.db.read() as db:
        return await _page(request, db, *problem)


async def _given(request: Request) -> tuple[str, str, bool]:
    """Name, reason and whether the box is ticked. What is too long or no text is cut or passed over: browsers do not send it."""
    given = parse_qs((await request.body()).decode(errors="replace"), max_num_fields=20)

    def text(name: str, most: int) -> str:
        said = given.get(name, [""])[0]
        return "".join(c for c in said if c.isprintable() or c == "\n").strip()[:most]

    return text("name", LONGEST_NAME), text("reason", LONGEST_REASON), text("agreed", 3) == "yes"


def _path(request: Request) -> str:
    return f"/p/quotes/{request.state.secret}"


def _caller(request: Request) -> Caller:
    return Caller(caller_of(request), request.headers.get("user-agent", "")[:300])
