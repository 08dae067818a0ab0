"""Routes for what is recorded about a deal.

Each answer to a change carries the deal's new version, for the next If-Match.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field, StrictBool

from deal_svc.deals import queries as deals
from deal_svc.deals.record import Deal
from deal_svc.discovery import commands, queries
from deal_svc.discovery.record import CommitteeRole, Member, Proposal, SpinEntry, SpinPart, Stance
from shared.access.kinds import DEALS, unmasked
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.fields import PERSONAL, Name, Text, Time, personal
from shared.http.body import NOW, Body, Dated, Work
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Listing, Page, PageRequest

router = APIRouter(prefix="/v1/deals/{deal_id}", tags=["deals"], route_class=ClinchRoute)
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


class PartOut(BaseModel):
    """`deal_version` is the deal's version after the change; null where nothing was changed."""

    deal_id: UUID
    deal_version: int | None = None

    @classmethod
    def of(cls, part: SpinEntry | Member | Proposal, by: Actor, deal: Deal | None = None) -> Self:
        said = asdict(part)
        if not unmasked(DEALS, by):
            said |= {name: [] if isinstance(said[name], list) else None for name in personal(cls)}
        return cls(**said, deal_version=deal and deal.version)


class SpinFields(BaseModel):
    part: SpinPart
    text: Text
    explicit: Annotated[StrictBool, Field(description="The customer said it; false for a need that they have not seen yet")] = True


class SpinIn(SpinFields, Dated):
    pass


class SpinOut(PartOut):
    """`text` is null for roles that see deals masked."""

    id: UUID
    part: SpinPart
    text: Annotated[str | None, PERSONAL]
    explicit: bool
    recorded_by: UUID
    at: datetime


class NeedsIn(Dated):
    needs: Annotated[Text, Field(description="The needs as they were restated to the customer")]
    confirmed_by: Annotated[UUID | None, Field(description="The contact of the account who confirmed them")] = None


class NeedsOut(BaseModel):
    deal_id: UUID
    version: int
    needs: str | None
    needs_confirmed_at: datetime | None
    needs_confirmed_by: UUID | None

    @classmethod
    def of(cls, deal: Deal) -> Self:
        return cls(deal_id=deal.id, **{name: getattr(deal, name) for name in cls.model_fields if name != "deal_id"})


class MemberFields(BaseModel):
    committee_role: CommitteeRole
    decision_maker: StrictBool = False
    stance: Stance = Stance.UNKNOWN


class MemberIn(MemberFields, Dated):
    contact_id: UUID


class MemberOut(PartOut):
    """`stance`, what we think of somebody, is null for roles that see deals masked."""

    contact_id: UUID
    committee_role: CommitteeRole
    decision_maker: bool
    stance: Annotated[Stance | None, PERSONAL]
    added_at: datetime


class NextStepIn(Dated):
    what: Text
    due_at: Time
    work: Work = False


class NextStepOut(BaseModel):
    deal_id: UUID
    version: int
    next_step: str | None
    next_step_due_at: datetime | None


class PointIn(Body):
    """One argument: a pain of the customer, what of ours answers it, what that is worth to them."""

    pain: Text
    capability: Text
    value: Text


class PointOut(BaseModel):
    pain: str
    capability: str
    value: str


class ProposalFields(BaseModel):
    title: Name
    points: list[PointIn] = Field(default_factory=list, max_length=50)


class ProposalIn(ProposalFields, Dated):
    pass


class ProposalOut(PartOut):
    """`points` is empty for roles that see deals masked: they start from what pains the customer."""

    number: int
    title: str
    points: Annotated[list[PointOut], PERSONAL]
    drafted_at: datetime
    presented_at: datetime | None


async def _listed(parts: Listing[Any], shown: type[PartOut], page: PageRequest, db: Reader, by: Actor, deal_id: UUID) -> Page[Any]:
    """A page of what hangs on a deal that the actor sees."""
    await deals.SEEN.get(db, by, deal_id)
    return await parts.page(db, page, where=queries.OF_DEAL[parts], params={"deal_id": deal_id}, each=lambda part: shown.of(part, by))


@router.post("/spin", status_code=201)
async def record_spin(deal_id: UUID, body: SpinIn, tx: InTx, by: CurrentActor) -> SpinOut:
    """Add to the SPIN record: situation, problem, implication or need-payoff.

    For the owner, their managers, and those who help the team.
    """
    entry, deal = await commands.record_spin(tx, deal_id, part=body.part, text=body.text, explicit=body.explicit, at=body.at)
    return SpinOut.of(entry, by, deal)


@router.get("/spin")
async def list_spin(
    deal_id: UUID, page: Annotated[PageRequest, Depends(queries.SPIN.params)], db: Reading, by: CurrentActor
) -> Page[SpinOut]:
    """The SPIN record, oldest first."""
    return await _listed(queries.SPIN, SpinOut, page, db, by, deal_id)


@router.post("/needs-confirmation")
async def confirm_needs(deal_id: UUID, body: NeedsIn, tx: InTx, expect: IfMatch) -> NeedsOut:
    """The customer confirmed the needs as they were restated. A gate to the stage `proposal`."""
    deal = await commands.confirm_needs(tx, deal_id, needs=body.needs, confirmed_by=body.confirmed_by, expect=expect, at=body.at)
    return NeedsOut.of(deal)


@router.post("/contacts", status_code=201)
async def add_committee_member(deal_id: UUID, body: MemberIn, tx: InTx, by: CurrentActor) -> MemberOut:
    """Put a contact of the deal's account on the buying committee, or change the part that they have there."""
    member, deal = await commands.add_member(
        tx,
        deal_id,
        body.contact_id,
        role=body.committee_role,
        decision_maker=body.decision_maker,
        stance=body.stance,
        at=body.at,
    )
    return MemberOut.of(member, by, deal)


@router.get("/contacts")
async def list_committee(
    deal_id: UUID, page: Annotated[PageRequest, Depends(queries.COMMITTEE.params)], db: Reading, by: CurrentActor
) -> Page[MemberOut]:
    """The buying committee, in the order in which they came to it."""
    return await _listed(queries.COMMITTEE, MemberOut, page, db, by, deal_id)


@router.put("/next-step")
async def set_next_step(deal_id: UUID, body: NextStepIn, tx: InTx, expect: IfMatch) -> NextStepOut:
    """Say what comes next, and when: not before `at`. Every open deal should have one."""
    deal = await commands.set_next_step(tx, deal_id, what=body.what, due_at=body.due_at, work=body.work, expect=expect, at=body.at)
    return NextStepOut(deal_id=deal.id, **{n: getattr(deal, n) for n in NextStepOut.model_fields if n != "deal_id"})


@router.post("/proposals", status_code=201)
async def draft_proposal(deal_id: UUID, body: ProposalIn, tx: InTx, by: CurrentActor) -> ProposalOut:
    """Draft a new version of the proposed solution."""
    points = [p.model_dump() for p in body.points]
    proposal, deal = await commands.draft_proposal(tx, deal_id, title=body.title, points=points, at=body.at)
    return ProposalOut.of(proposal, by, deal)


@router.get("/proposals")
async def list_proposals(
    deal_id: UUID, page: Annotated[PageRequest, Depends(queries.PROPOSALS.params)], db: Reading, by: CurrentActor
) -> Page[ProposalOut]:
    """All versions of the proposal, the first one first."""
    return await _listed(queries.PROPOSALS, ProposalOut, page, db, by, deal_id)


@router.post("/proposals/{number}/present")
async def present_proposal(deal_id: UUID, number: Number, tx: InTx, by: CurrentActor, body: Dated = NOW) -> ProposalOut:
    """This version was presented to the customer. A gate to the stage `negotiation`."""
    proposal, deal = await commands.present_proposal(tx, deal_id, number, at=body.at)
    return ProposalOut.of(proposal, by, deal)
