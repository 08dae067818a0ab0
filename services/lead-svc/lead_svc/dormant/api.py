"""`/v1/campaigns/{id}/drives`: dormant leads that a campaign takes up again in bulk, counted first, and what came of them."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from lead_svc.campaigns.api import reads
from lead_svc.campaigns.tables import CAMPAIGNS
from lead_svc.dormant import commands
from lead_svc.dormant.fields import Chosen, DriveFields
from lead_svc.dormant.queries import LIST, OF_CAMPAIGN, OUTCOME
from lead_svc.dormant.record import Drive, DriveState
from lead_svc.dormant.rules import DRIVE_ACTS, PLAN_DRIVE
from lead_svc.dormant.tables import DRIVES
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=ClinchRoute, dependencies=[Depends(reads)])


class DriveIn(DriveFields, Body):
    pass


class DriveItem(BaseModel):
    """`found`: dormant leads that were chosen; `left_out`: of these, whose person does not want to hear of offers."""

    id: UUID
    campaign_id: UUID
    state: DriveState
    offer: str | None
    chosen: Chosen
    looked_at: int = Field(description="Dormant leads that were looked at so far.")
    found: int
    left_out: int
    reactivated: int
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, drive: Drive) -> "DriveItem":
        return DriveItem.model_construct(**_shown(drive))


class OutcomeOut(BaseModel):
    """What has become of the leads that it took up again, as they are now."""

    answered: int = Field(description="The customer took part in a contact since.")
    open: int = Field(description="Captured or put aside.")
    mql: int
    sql: int = Field(description="SQLs, with those that are being converted.")
    converted: int
    given_up: int


class DriveOut(DriveItem):
    version_says_all: ClassVar[bool] = False  # its leads go on without it

    outcome: OutcomeOut
    allowed_actions: list[AllowedAction]


def _shown(drive: Drive) -> dict[str, Any]:
    known = {name: getattr(drive, name) for name in DriveItem.model_fields}
    return known | {"chosen": Chosen.model_validate(drive.chosen)}


async def _out(db: Reader, drive: Drive, by: Actor) -> DriveOut:
    outcome = await db.one(OUTCOME, drive_id=drive.id)
    became = OutcomeOut(**{name: getattr(outcome, name) for name in OutcomeOut.model_fields})
    return DriveOut.model_construct(**_shown(drive), outcome=became, allowed_actions=shown(DRIVE_ACTS, drive, by))


@router.post("/{campaign_id}/drives", status_code=202, dependencies=[permitted(PLAN_DRIVE)])
async def plan_drive(campaign_id: UUID, body: DriveIn, tx: InTx, by: CurrentActor) -> DriveOut:
    """Choose leads that were given up because nobody answered, for the offer of a campaign.

    A worker counts them; nothing happens to them yet.
    """
    return await _out(tx, await commands.plan(tx, campaign_id, offer=body.offer, chosen=body.chosen), by)


@router.get("/{campaign_id}/drives")
async def list_drives(
    campaign_id: UUID, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor
) -> Page[DriveItem]:
    """The drives of a campaign, the newest first."""
    campaign = await db.get(CAMPAIGNS, campaign_id)
    return await LIST.page(db, page, where=OF_CAMPAIGN, params={"campaign_id": campaign.id}, each=DriveItem.of)


@router.get("/{campaign_id}/drives/{drive_id}")
async def get_drive(campaign_id: UUID, drive_id: UUID, db: Reading, by: CurrentActor) -> DriveOut:
    """How far a drive is, and what came of the leads that it took up again."""
    drive = await db.get(DRIVES, drive_id)
    if drive.campaign_id != campaign_id:
        raise DRIVES.missing()
    return await _out(db, drive, by)


@router.post("/{campaign_id}/drives/{drive_id}/start", status_code=202)
async def start_drive(campaign_id: UUID, drive_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> DriveOut:
    """Take the counted leads up again, batch by batch. Each is touched by the campaign; who does not want to hear of offers is left out."""
    return await _out(tx, await commands.start(tx, campaign_id, drive_id, expect), by)


@router.post("/{campaign_id}/drives/{drive_id}/cancel")
async def cancel_drive(campaign_id: UUID, drive_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> DriveOut:
    """End it. Leads that it has taken up again by then stay so."""
    return await _out(tx, await commands.cancel(tx, campaign_id, drive_id, expect), by)
