"""Routes of deals: open, find, change, hand over."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from deal_svc.answers import DealOut, deal_out, deals_out, told_of_deal
from deal_svc.deals import commands, queries
from deal_svc.deals.fields import DealFields
from deal_svc.deals.rules import OPEN
from shared.auth import CurrentActor
from shared.fields import Name
from shared.http.body import Dated
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import Patch
from shared.http.permit import permitted
from shared.http.timeline import TIMELINE, TimelineEntry, timeline
from shared.money import MoneyIn, Worth

router = APIRouter(prefix="/v1/deals", tags=["deals"], route_class=ClinchRoute)


class DealIn(DealFields, Dated):
    """A deal that no lead stands for: a renewal, an upsell, or a new one that came by itself."""

    name: Name
    account_id: UUID
    amount: Worth
    owner_id: Annotated[UUID | None, Field(description="Yourself by default; a manager or another system names another")] = None


class DealPatch(DealFields, Dated, Patch):
    """What may be changed of an open deal."""

    name: Name
    amount: Worth


class AssignmentIn(Dated):
    owner_id: UUID


def _priced(said: dict[str, Any], amount: MoneyIn) -> dict[str, Any]:
    return said | {"amount": amount.amount, "currency": amount.currency}


@router.post("", status_code=201, dependencies=[permitted(OPEN)])
async def open_deal(body: DealIn, tx: InTx, by: CurrentActor) -> DealOut:
    """Open a deal without a lead. For everybody who sells, on an account that they see.

    That is one that they own, created or have a part in, one of the people below them, and one with a deal that they see. A deal on an
    account that they know from a lead is opened by converting the lead.
    """
    said = _priced(body.only(DealFields) | {"name": body.name}, body.amount)
    return await deal_out(tx, by, await commands.open_deal(tx, said, account_id=body.account_id, owner_id=body.owner_id, at=body.at))


@router.get("", response_model=queries.LIST.page_of(DealOut))
async def list_deals(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor) -> Page[DealOut]:
    """The deals that you see: your own, those you have a part in, your team's, or all.

    `open=true` finds those neither won nor lost.
    """
    found = await queries.LIST.page(db, page, where=queries.SEEN_ROWS.listed(by), params=queries.SEEN_ROWS.params(by))
    found.items = await deals_out(db, by, found.items)
    return await queries.LIST.embedding(db, by, page, found)


@router.get("/{deal_id}")
async def get_deal(deal_id: UUID, db: Reading, by: CurrentActor) -> DealOut:
    """One deal, with what can be done next and what is missing for the rest."""
    return await deal_out(db, by, await queries.SEEN.get(db, by, deal_id))


@router.patch("/{deal_id}")
async def update_deal(deal_id: UUID, body: DealPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> DealOut:
    """Change what an open deal says. For its owner and their managers."""
    changes = body.given(without=frozenset({"at", "amount"}))
    if "amount" in body.model_fields_set:
        changes = _priced(changes, body.amount)
    return await deal_out(tx, by, await commands.edit(tx, deal_id, expect=expect, at=body.at, changes=changes))


@router.post("/{deal_id}/assign")
async def assign_deal(deal_id: UUID, body: AssignmentIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> DealOut:
    """Hand a deal to somebody on the roster who can own deals; its quotes go with it.

    For those above its owner. Of a closed deal only the owner changes, and what was counted stays with whom it was credited to.
    """
    return await deal_out(tx, by, await commands.assign(tx, deal_id, owner_id=body.owner_id, expect=expect, at=body.at))


class DealTimelineEntry(TimelineEntry):
    """What happened to a deal, to one of its quotes or to the approval of one."""


@router.get("/{deal_id}/timeline")
async def deal_timeline(
    deal_id: UUID, page: Annotated[PageRequest, Depends(TIMELINE.params)], db: Reading, by: CurrentActor
) -> Page[DealTimelineEntry]:
    """Everything that happened to the deal, its quotes and their approvals."""
    await queries.SEEN.get(db, by, deal_id)
    return await timeline(db, page, await told_of_deal(db, deal_id), DealTimelineEntry)
