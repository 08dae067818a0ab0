"""The route of a quote's document."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from deal_svc.quotes.paper import document_of, file_name
from shared.auth import CurrentActor
from shared.documents import Language
from shared.documents.answer import PDF, PdfResponse, pdf
from shared.http.edge import ClinchRoute, context_of

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=ClinchRoute)

InLanguage = Annotated[Language, Query(description="The language that it is written in")]


@router.get("/{quote_id}/document", response_class=PdfResponse, responses=PDF)
async def get_quote_document(quote_id: UUID, request: Request, by: CurrentActor, lang: InLanguage = "en") -> PdfResponse:
    """The quote as a PDF for the customer. It says nothing that the quote does not say, and leaves out its note.

    A draft is marked as one and made again each time. When a quote that was sent is asked for first, its document is kept, and is the
    same ever after. 422 `unprintable_character` names the field and the character that the font does not have.
    """
    state = request.app.state
    quote, document = await document_of(state.db, quote_id, lang, state.settings, context_of(request, by))
    return pdf(request, document, file_name(quote, lang))
