"""The leads that were joined to a deal."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from deal_svc.conversion.queries import JOINED, OF_DEAL
from deal_svc.deals.queries import SEEN
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, Reading
from shared.http.listing import Page, PageRequest

router = APIRouter(prefix="/v1/deals/{deal_id}", tags=["deals"], route_class=ClinchRoute)


class JoinedLeadOut(BaseModel):
    """A lead that was converted into the deal after its primary one: an assist."""

    model_config = ConfigDict(from_attributes=True)

    lead_id: UUID
    conversion_id: UUID
    joined_at: datetime


@router.get("/leads")
async def list_joined_leads(
    deal_id: UUID, page: Annotated[PageRequest, Depends(JOINED.params)], db: Reading, by: CurrentActor
) -> Page[JoinedLeadOut]:
    """The further leads that were joined to the deal, in the order they came."""
    await SEEN.get(db, by, deal_id)
    return await JOINED.page(db, page, where=OF_DEAL, params={"deal_id": deal_id}, each=JoinedLeadOut.model_validate)
