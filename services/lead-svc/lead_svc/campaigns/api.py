"""`/v1/campaigns`: the plan, what was spent, and the leads that a campaign brought."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from lead_svc.campaigns import commands
from lead_svc.campaigns.commands import Said
from lead_svc.campaigns.fields import CampaignFields, CampaignName, CampaignPlan, SpentOn
from lead_svc.campaigns.queries import LIST, OF_CAMPAIGN, SPENDS_LIST, SPENT, brought, corrections_of
from lead_svc.campaigns.record import Campaign, Correction, Spend
from lead_svc.campaigns.rules import CAMPAIGN_ACTS, CORRECT_SPEND, PLAN, RECORD_SPEND, SPEND_ACTS, may_read
from lead_svc.campaigns.tables import CAMPAIGNS
from lead_svc.leads.queries import LIST as LEADS_LIST
from lead_svc.leads.queries import LeadItem
from lead_svc.leads.rules import shown_in_list
from lead_svc.seen import LEADS_SEEN
from shared.access.kinds import LEADS, unmasked
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.errors import Forbidden
from shared.fields import Key, Reason
from shared.http.answer import Answer
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.openapi import or_known
from shared.http.patch import Patch
from shared.http.permit import permitted
from shared.money import Money, Worth, plain, rounded


async def reads(by: CurrentActor) -> None:
    """Whoever asks may read campaigns."""
    if not may_read(by):
        raise Forbidden("Campaigns are for marketing, sales operations, and those who see all leads.")


router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=ClinchRoute, dependencies=[Depends(reads)])


class CampaignIn(CampaignFields, Body):
    name: CampaignName


class CampaignPatch(Patch, CampaignFields):
    """What is planned; the name stays."""


class CampaignItem(CampaignPlan, Answer):
    id: UUID
    name: str
    budget: Money | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, campaign: Campaign) -> "CampaignItem":
        return CampaignItem.model_construct(**_shown(campaign))


class CampaignOut(CampaignItem):
    version_says_all: ClassVar[bool] = False  # what was spent on it grows without it

    spent: Annotated[Money, Field(description="All that was spent on it so far, in the reporting currency.")]
    allowed_actions: list[AllowedAction]


def _shown(campaign: Campaign) -> dict[str, Any]:
    budget = None
    if campaign.budget_amount is not None and campaign.budget_currency is not None:
        budget = Money(amount=campaign.budget_amount, currency=campaign.budget_currency)
    return {name: getattr(campaign, name) for name in CampaignItem.model_fields if name != "budget"} | {"budget": budget}


async def _out(db: Reader, campaign: Campaign, by: Actor, currency: str) -> CampaignOut:
    spent = Money(amount=rounded(await db.one(SPENT, campaign_id=campaign.id), currency), currency=currency)
    return CampaignOut.model_construct(**_shown(campaign), spent=spent, allowed_actions=shown(CAMPAIGN_ACTS, campaign, by))


class SpendIn(SpentOn, Body):
    external_id: Key | None = None
    amount: Worth


class Correct(Body):
    amount: Annotated[Worth, Field(description="What it really was, in the same currency; 0 takes it back.")]
    reason: Reason


class CorrectionOut(BaseModel):
    """What the amount was before and after, and who set it right."""

    previous: Money
    amount: Money
    reason: str
    by: UUID
    at: datetime


class SpendOut(BaseModel):
    """`fx` is the rate of the spending day to the reporting currency; `fx_day` its day, where that is an earlier one."""

    id: UUID
    external_id: str | None
    campaign_id: UUID
    starts_on: date
    ends_on: date
    amount: Money
    fx: str
    fx_day: date | None
    reference: str | None
    corrections: list[CorrectionOut]
    created_at: datetime
    updated_at: datetime
    version: int
    allowed_actions: list[AllowedAction]


async def _spends_out(db: Reader, by: Actor, spends: Sequence[Spend]) -> list[SpendOut]:
    corrections = await corrections_of(db, [spend.id for spend in spends])
    return [_spend_out(spend, corrections[spend.id], by) for spend in spends]


def _spend_out(spend: Spend, corrections: Sequence[Correction], by: Actor) -> SpendOut:
    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=spend.currency)

    corrected = [CorrectionOut(previous=money(c.previous), amount=money(c.amount), reason=c.reason, by=c.by, at=c.at) for c in corrections]
    known = {name: getattr(spend, name) for name in SpendOut.model_fields if hasattr(spend, name)}
    known |= {"amount": money(spend.amount), "fx": plain(spend.fx), "corrections": corrected}
    return SpendOut.model_construct(**known, allowed_actions=shown(SPEND_ACTS, spend, by))


@router.post("", status_code=201, dependencies=[permitted(PLAN)])
async def plan_campaign(body: CampaignIn, tx: InTx, by: CurrentActor) -> CampaignOut:
    """Plan a campaign. 409 when there is one of this name in any spelling. For marketing and sales operations."""
    return await _out(tx, await commands.plan(tx, body.name, body.only(CampaignFields)), by, tx.settings.reporting_currency)


@router.get("")
async def list_campaigns(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[CampaignItem]:
    """The campaigns. For marketing, sales operations, and those who see all leads."""
    return await LIST.page(db, page, each=CampaignItem.of)


@router.get("/{campaign_id}")
async def get_campaign(request: Request, campaign_id: UUID, db: Reading, by: CurrentActor) -> CampaignOut:
    """A campaign, with all that was spent on it so far."""
    return await _out(db, await db.get(CAMPAIGNS, campaign_id), by, request.app.state.settings.reporting_currency)


@router.patch("/{campaign_id}")
async def change_campaign(campaign_id: UUID, body: CampaignPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> CampaignOut:
    """Change the plan, the days or the budget. What was spent before keeps the source, medium, product and region of then."""
    return await _out(tx, await commands.change(tx, campaign_id, body.given(), expect), by, tx.settings.reporting_currency)


@router.get("/{campaign_id}/leads", response_model=LEADS_LIST.page_of(LeadItem))
async def list_campaign_leads(
    campaign_id: UUID, page: Annotated[PageRequest, Depends(LEADS_LIST.params)], db: Reading, by: CurrentActor
) -> Response:
    """The leads that the campaign touched, first or later, and that you may see."""
    campaign = await db.get(CAMPAIGNS, campaign_id)
    params = {"campaign_name": campaign.name, **LEADS_SEEN.params(by)}
    each = partial(shown_in_list, to_masked=not unmasked(LEADS, by))
    return await LEADS_LIST.answer(db, page, where=brought(LEADS_SEEN.listed(by)), params=params, by=by, each=each)


@router.post("/{campaign_id}/spend", status_code=201, responses=or_known(SpendOut), dependencies=[permitted(RECORD_SPEND)])
async def record_spend(campaign_id: UUID, body: SpendIn, tx: InTx, by: CurrentActor, response: Response) -> SpendOut:
    """Record what was spent on some days; figures spread it over them. It keeps the exchange rate of the last of these days.

    A known `external_id` brings that record to this amount (200), as a correction.
    """
    amount, currency = body.amount.amount, body.amount.currency
    said = Said(campaign_id, body.external_id, body.starts_on, body.ends_on, amount, currency, body.reference)
    spend, new = await commands.record_spend(tx, said)
    response.status_code = 201 if new else 200
    return (await _spends_out(tx, by, [spend]))[0]


@router.get("/{campaign_id}/spend")
async def list_spend(
    campaign_id: UUID, page: Annotated[PageRequest, Depends(SPENDS_LIST.params)], db: Reading, by: CurrentActor
) -> Page[SpendOut]:
    """What was spent on the campaign, the latest days first, each with its corrections."""
    campaign = await db.get(CAMPAIGNS, campaign_id)
    found = await SPENDS_LIST.page(db, page, where=OF_CAMPAIGN, params={"campaign_id": campaign.id})
    found.items = await _spends_out(db, by, found.items)
    return found


@router.post("/{campaign_id}/spend/{spend_id}/correct", dependencies=[permitted(CORRECT_SPEND)])
async def correct_spend(campaign_id: UUID, spend_id: UUID, body: Correct, tx: InTx, by: CurrentActor, expect: IfMatch) -> SpendOut:
    """Set the amount right, with a reason; what it was before is kept. Figures count the right amount, on the days it was spent."""
    amount, currency = body.amount.amount, body.amount.currency
    spend = await commands.correct_spend(tx, campaign_id, spend_id, amount=amount, currency=currency, reason=body.reason, expect=expect)
    return (await _spends_out(tx, by, [spend]))[0]
