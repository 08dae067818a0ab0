"""The route that shows what a template makes of a sample quote."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from deal_svc.quote_templates.queries import images_of
from deal_svc.quote_templates.tables import QUOTE_TEMPLATES
from deal_svc.quotes.document import Parties
from deal_svc.quotes.printing import Paper
from deal_svc.quotes.sample import sample_quote
from shared import documents
from shared.auth import CurrentActor
from shared.calendar import day_of
from shared.documents import Language
from shared.documents.answer import PDF, PdfResponse, pdf
from shared.http.edge import ClinchRoute
from shared.policy.company import COMPANY_POLICY

router = APIRouter(prefix="/v1/quote-templates", tags=["quote templates"], route_class=ClinchRoute)

InLanguage = Annotated[Language, Query(description="The language that it is written in")]


@router.get("/{quote_template_id}/preview", response_class=PdfResponse, responses=PDF)
async def preview_quote_template(quote_template_id: UUID, request: Request, by: CurrentActor, lang: InLanguage = "en") -> PdfResponse:
    """What the template makes of a sample quote, as a PDF: to be looked at before it is activated. Nothing of it is kept."""
    state = request.app.state
    now = state.clock()
    async with state.db.read() as db:
        template = await db.get(QUOTE_TEMPLATES, quote_template_id)
        images, letterhead = await images_of(db, template), db.policy(COMPANY_POLICY).letterhead
    today, currency = day_of(now, state.settings.zone), state.settings.reporting_currency
    paper = Paper(sample_quote(lang, currency, today, now), Parties(letterhead, ""), template, images)
    made = await paper.made([lang], state.settings)
    return pdf(request, documents.made(made[lang]), f"template-{template.revision}-{lang}.pdf")
