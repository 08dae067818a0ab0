"""`/v1/leads`: reads, descriptive fields, owner, and the steps of a lead."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from lead_svc.answers import LeadOut, answered, shown_to
from lead_svc.leads import commands, rules
from lead_svc.leads.fields import LeadData
from lead_svc.leads.queries import LIST, SEEN, LeadItem, unmerged
from lead_svc.leads.record import Reason
from lead_svc.parties.merged import seen_or_merged
from lead_svc.seen import LEADS_SEEN
from shared.access.kinds import LEADS, unmasked
from shared.auth import CurrentActor
from shared.fields import Reason as Why
from shared.fields import Text, Time, When
from shared.http.body import Body, Work
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import PageRequest
from shared.http.patch import Patch

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class LeadPatch(Patch, LeadData):
    """What describes a lead. `source` is one of the known families or your own text."""


class DeclareMql(Body):
    reason: Why
    at: When = None


class Nurture(Body):
    reason: Why
    note: Text | None = None
    wake_at: Annotated[Time | None, Field(description="When to look at it again; a refused MQL needs none.")] = None
    work: Work = False
    at: When = None


class Disqualify(Body):
    reason: Reason
    note: Annotated[Text | None, Field(description="Needed for the reason `other`.")] = None
    at: When = None


class Reactivate(Body):
    reason: Why
    at: When = None


@router.get("", response_model=LIST.page_of(LeadItem))
async def list_leads(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Response:
    """The leads that you may see: your own, your teams', and the pool. Those that were merged into others are left out."""
    each = partial(rules.shown_in_list, to_masked=not unmasked(LEADS, by))
    where = unmerged(LEADS_SEEN.listed(by))
    return await LIST.answer(db, page, where=where, params=LEADS_SEEN.params(by), by=by, each=each)


@router.get("/{lead_id}")
async def get_lead(request: Request, lead_id: UUID, db: Reading, by: CurrentActor) -> LeadOut:
    """A lead that was merged into another one says so, and names that one if you may see it."""
    return await shown_to(db, by, await seen_or_merged(db, by, SEEN, lead_id), request.app.state.clock())


@router.patch("/{lead_id}")
async def change_lead(lead_id: UUID, body: LeadPatch, tx: InTx, expect: IfMatch) -> LeadOut:
    """Change what describes the lead: its owner, their manager, marketing, operations; a seller too while nobody owns it."""
    return await answered(tx, await commands.change_lead(tx, lead_id, body.given(), expect))


@router.post("/{lead_id}/mql")
async def declare_mql(
    lead_id: UUID,
    body: DeclareMql,
    tx: InTx,
    expect: IfMatch,
) -> LeadOut:
    """captured → mql, by marketing or a manager, with the reason."""
    return await answered(tx, await commands.declare_mql(tx, lead_id, reason=body.reason, at=body.at, expect=expect))


@router.post("/{lead_id}/nurture")
async def nurture_lead(lead_id: UUID, body: Nurture, tx: InTx, expect: IfMatch) -> LeadOut:
    """captured, mql, sql → nurturing, by the owner or their manager, until `wake_at`. From mql this is sales refusing it."""
    given = body.model_dump()
    return await answered(tx, await commands.nurture(tx, lead_id, expect=expect, **given))


@router.post("/{lead_id}/disqualify")
async def disqualify_lead(lead_id: UUID, body: Disqualify, tx: InTx, expect: IfMatch) -> LeadOut:
    """captured, mql, sql → disqualified, by the owner or their manager."""
    return await answered(tx, await commands.disqualify(tx, lead_id, expect=expect, **body.model_dump()))


@router.post("/{lead_id}/reactivate")
async def reactivate_lead(
    lead_id: UUID,
    body: Reactivate,
    tx: InTx,
    expect: IfMatch,
) -> LeadOut:
    """nurturing → captured, by owner, manager or marketing; disqualified → captured, by a manager, or by marketing when it was
    `no_response_3`. Never after an opt-out."""
    return await answered(tx, await commands.reactivate(tx, lead_id, reason=body.reason, at=body.at, expect=expect))
