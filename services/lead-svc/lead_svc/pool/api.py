"""`/v1/leads/pool` and `/v1/leads/{id}/assign`: the leads that nobody owns, and who gets a lead."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from lead_svc.answers import LeadOut, answered
from lead_svc.pool import commands
from lead_svc.pool.policy import POLICY, PoolPolicy
from lead_svc.pool.queries import LIST, POOL_SEEN, Pooled, standing
from lead_svc.pool.record import Standing
from lead_svc.pool.rules import claim_unmet, free_at, limited
from shared.auth import CurrentActor
from shared.errors import Unmet
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
    claim_unmet: list[Unmet] = Field(description="What keeps you from claiming it now, by the limits of the policy.")

    @classmethod
    def of(cls, lead: Pooled, now: datetime, policy: PoolPolicy, standing: Standing | None) -> "PooledOut":
        """`standing`: that of the reader, where anything is limited."""
        its = standing and replace(standing, lost_at={lead.id: lead.lost_at} if lead.lost_at else {})
        unmet = claim_unmet(its, lead.id, policy, now) if its else []
        return cls.model_construct(**dict(lead), claimable_at=free_at(lead.lost_at, now, policy.claim_again_days), claim_unmet=unmet)


@router.get("/pool")
async def list_pool(request: Request, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[PooledOut]:
    """The leads that nobody owns, with how each came there. Claim one by giving it to yourself."""
    now, policy = request.app.state.clock(), db.policy(POLICY)
    each = partial(PooledOut.of, now=now, policy=policy, standing=await standing(db, by, [], now) if limited(policy) else None)
    return await LIST.page(db, page, where=POOL_SEEN.listed(by), params={**POOL_SEEN.params(by), "reader": by.id}, each=each)


@router.post("/{lead_id}/assign")
async def assign_lead(lead_id: UUID, body: Assign, tx: InTx, expect: IfMatch) -> LeadOut:
    """Give the lead to a person: a manager within their teams, a director or admin to anybody. A seller claims it from the pool, within
    what the policy of the pool allows, or releases their own with null."""
    return await answered(tx, await commands.assign(tx, lead_id, owner_id=body.owner_id, at=body.at, expect=expect))
