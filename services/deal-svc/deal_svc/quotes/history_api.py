"""The route of a quote's history."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from deal_svc.deals.api import DealTimelineEntry
from deal_svc.quotes.history import told_of_quotes
from deal_svc.quotes.queries import SEEN
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, Reading
from shared.http.listing import Page, PageRequest
from shared.http.timeline import TIMELINE, timeline

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=ClinchRoute)


@router.get("/{quote_id}/timeline")
async def quote_timeline(
    quote_id: UUID, page: Annotated[PageRequest, Depends(TIMELINE.params)], db: Reading, by: CurrentActor
) -> Page[DealTimelineEntry]:
    """Everything that happened to this version of the quote: who submitted it, who decided what about it and why, what the customer did."""
    await SEEN.get(db, by, quote_id)
    return await timeline(db, page, await told_of_quotes(db, [quote_id]), DealTimelineEntry)
