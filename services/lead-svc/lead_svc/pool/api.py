"""`/v1/leads/pool` and `/v1/leads/{id}/assign`: the leads that nobody owns, and who gets a lead."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from lead_svc.answers import LeadOut, answered
from lead_svc.pool import commands
from lead_svc.pool.policy import POLICY
from lead_svc.pool.queries import LIST, POOL_SEEN, Pooled
from lead_svc.pool.rules import free_at
from shared.auth import CurrentActor
from shared.fields import When
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class Assign(Body):
    owner_id: Annotated[UUID | None, Field(description="null releases it to the pool.")]
    at: When = None


class PooledOut(Pooled):
    claimable_at: datetime | None = Field(description="From when on you may claim it again, as you had lost it; null for now.")

    @classmethod
    def of(cls, lead: Pooled, now: datetime, days: int) -> "PooledOut":
        return cls.model_construct(**dict(lead), claimable_at=free_at(lead.lost_at, now, days))


@router.get("/pool")
async def list_pool(request: Request, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[PooledOut]:
    """The leads that nobody owns, with how each came there. Claim one by giving it to yourself."""
    each = partial(PooledOut.of, now=request.app.state.clock(), days=db.policy(POLICY).claim_again_days)
    return await LIST.page(db, page, where=POOL_SEEN.listed(by), params={**POOL_SEEN.params(by), "reader": by.id}, each=each)


@router.post("/{lead_id}/assign")
async def assign_lead(lead_id: UUID, body: Assign, tx: InTx, expect: IfMatch) -> LeadOut:
    """Give the lead to a person: a manager within their teams, a director or admin to anybody. A seller claims it from the pool, within
    what the policy of the pool allows, or releases their own with null."""
    return await answered(tx, await commands.assign(tx, lead_id, owner_id=body.owner_id, at=body.at, expect=expect))
