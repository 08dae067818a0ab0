"""Routes of the links of quotes: made, listed, revoked. What a link shows is in `deal_svc.customer`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from deal_svc.quotes import links, queries
from deal_svc.quotes.document import KIND
from shared import links as stored
from shared.auth import CurrentActor
from shared.documents import Language
from shared.http.body import Body
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.idempotency import keep_secret
from shared.http.listing import Page, PageRequest
from shared.links import Link

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=ClinchRoute)


class LinkIn(Body):
    language: Language = "en"
    days: Annotated[int | None, Field(ge=1, le=365, description="How long it works; by default as the policy says")] = None


class LinkOut(BaseModel):
    id: UUID
    quote_id: UUID
    language: Language
    created_by: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @classmethod
    def said(cls, link: Link) -> dict[str, Any]:
        return {"quote_id": link.record_id} | {name: getattr(link, name) for name in cls.model_fields if name in Link.__dataclass_fields__}


class LinkWithSecret(LinkOut):
    quote_version: Annotated[int, Field(description="The quote's version after the change")]
    path: Annotated[str, Field(description="The address for the customer, after the origin of this API. It is not shown again.")]


class RevokedOut(BaseModel):
    quote_id: UUID
    quote_version: Annotated[int, Field(description="The quote's version; the same as before where no link worked")]


PLAIN = LinkIn()


@router.post("/{quote_id}/links", status_code=201)
async def create_quote_link(quote_id: UUID, request: Request, tx: InTx, body: LinkIn = PLAIN) -> LinkWithSecret:
    """Make an address by which the customer reads the quote and answers it, without an account. The answer alone has it."""
    keep_secret(request)
    link, secret, quote = await links.make(tx, quote_id, language=body.language, days=body.days)
    return LinkWithSecret(**LinkOut.said(link), quote_version=quote.version, path=f"/p/quotes/{secret}")


@router.get("/{quote_id}/links")
async def list_quote_links(
    quote_id: UUID, page: Annotated[PageRequest, Depends(stored.LIST.params)], db: Reading, by: CurrentActor
) -> Page[LinkOut]:
    """The links that were made, oldest first, without their secrets."""
    await queries.SEEN.get(db, by, quote_id)
    of_quote = {"kind": KIND, "record_id": quote_id}
    return await stored.LIST.page(db, page, where=stored.OF_RECORD, params=of_quote, each=lambda link: LinkOut(**LinkOut.said(link)))


@router.post("/{quote_id}/links/revoke")
async def revoke_quote_links(quote_id: UUID, tx: InTx) -> RevokedOut:
    """End all links of the quote. Whoever opens one then is told the same as of one that never was."""
    quote = await links.revoke(tx, quote_id)
    return RevokedOut(quote_id=quote.id, quote_version=quote.version)
