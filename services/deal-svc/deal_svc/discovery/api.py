"""Routes for what hangs on a deal. Each answer to a change carries the deal's new version, for the next If-Match."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, BaseModel, Field, StrictBool

from deal_svc.bodies import NOW, Act
from deal_svc.deals import queries as deals
from deal_svc.deals.rules import SELLING, Deal
from deal_svc.discovery import commands, queries, rules
from deal_svc.discovery.rules import HELPING, CommitteeRole, SpinPart, Stance
from shared.auth import CurrentActor, require
from shared.db.tx import as_dict
from shared.fields import Name, Text, Time
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading

router = APIRouter(prefix="/v1/deals/{deal_id}", tags=["deals"], route_class=ClinchRoute)
Recording = Depends(require(*SELLING, *HELPING))
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Part(BaseModel):
    """`deal_version` is the deal's version after the change; null where nothing was changed."""

    deal_id: UUID
    deal_version: int | None = None


class SpinIn(Act):
    part: SpinPart
    text: Text
    explicit: Annotated[StrictBool, Field(description="The customer said it; false for a need that they have not seen yet")] = True


class SpinOut(Part):
    """`text` is null for roles that see no personal data."""

    id: UUID
    part: SpinPart
    text: str | None
    explicit: bool
    recorded_by: UUID
    at: AwareDatetime


class NeedsIn(Act):
    needs: Annotated[Text, Field(description="The needs as they were restated to the customer")]
    confirmed_by: Annotated[UUID | None, Field(description="The contact who confirmed them")] = None


class NeedsOut(BaseModel):
    deal_id: UUID
    version: int
    needs: str | None
    needs_confirmed_at: AwareDatetime | None
    needs_confirmed_by: UUID | None


class MemberIn(Act):
    contact_id: UUID
    committee_role: CommitteeRole
    decision_maker: StrictBool = False
    stance: Stance = Stance.UNKNOWN


class MemberOut(Part):
    contact_id: UUID
    committee_role: CommitteeRole
    decision_maker: bool
    stance: Stance
    added_at: AwareDatetime


class NextStepIn(Act):
    what: Text
    due_at: Time


class NextStepOut(BaseModel):
    deal_id: UUID
    version: int
    next_step: str | None
    next_step_due_at: AwareDatetime | None


class Point(Body):
    """One argument: a pain of the customer, what of ours answers it, what that is worth to him."""

    pain: Text
    capability: Text
    value: Text


class PointOut(BaseModel):
    pain: str
    capability: str
    value: str


class ProposalIn(Act):
    title: Name
    points: list[Point] = Field(default_factory=list, max_length=50)


class ProposalOut(Part):
    """`points` is empty for roles that see no personal data."""

    number: int
    title: str
    points: list[PointOut]
    drafted_at: AwareDatetime
    presented_at: AwareDatetime | None


def _part(made: tuple[Any, Deal]) -> dict[str, Any]:
    row, deal = made
    return {**as_dict(row), "deal_version": deal.version}


@router.post("/spin", status_code=201, response_model=SpinOut, dependencies=[Recording])
async def record_spin(deal_id: UUID, body: SpinIn, tx: InTx) -> Any:
    """Add to the SPIN record: situation, problem, implication or need-payoff. For the owner, his managers, and those who help the team."""
    return _part(await commands.record_spin(tx, deal_id, part=body.part, text=body.text, explicit=body.explicit, at=body.at))


@router.get("/spin", response_model=list[SpinOut])
async def list_spin(deal_id: UUID, db: Reading, by: CurrentActor) -> Any:
    """The SPIN record, oldest first."""
    await deals.SEEN.get(db, by, deal_id)
    return [rules.spin_shown(entry, by) for entry in await db.all(queries.SPIN, deal_id=deal_id)]


@router.post("/needs-confirmation", response_model=NeedsOut, dependencies=[Recording])
async def confirm_needs(deal_id: UUID, body: NeedsIn, tx: InTx, expect: IfMatch) -> Any:
    """The customer confirmed the needs as restated to him. A gate to the stage `proposal`."""
    deal = await commands.confirm_needs(tx, deal_id, needs=body.needs, confirmed_by=body.confirmed_by, expect=expect, at=body.at)
    return {**as_dict(deal), "deal_id": deal.id}


@router.post("/contacts", status_code=201, response_model=MemberOut, dependencies=[Recording])
async def add_committee_member(deal_id: UUID, body: MemberIn, tx: InTx) -> Any:
    """Put a contact on the buying committee, or say anew what role he has there."""
    return _part(
        await commands.add_member(
            tx,
            deal_id,
            body.contact_id,
            role=body.committee_role,
            decision_maker=body.decision_maker,
            stance=body.stance,
            at=body.at,
        )
    )


@router.get("/contacts", response_model=list[MemberOut])
async def list_committee(deal_id: UUID, db: Reading, by: CurrentActor) -> Any:
    """The buying committee."""
    await deals.SEEN.get(db, by, deal_id)
    return await db.all(queries.COMMITTEE, deal_id=deal_id)


@router.put("/next-step", response_model=NextStepOut, dependencies=[Recording])
async def set_next_step(deal_id: UUID, body: NextStepIn, tx: InTx, expect: IfMatch) -> Any:
    """Say what comes next, and when. Every open deal should have one."""
    deal = await commands.set_next_step(tx, deal_id, what=body.what, due_at=body.due_at, expect=expect, at=body.at)
    return {**as_dict(deal), "deal_id": deal.id}


@router.post("/proposals", status_code=201, response_model=ProposalOut, dependencies=[Recording])
async def draft_proposal(deal_id: UUID, body: ProposalIn, tx: InTx) -> Any:
    """Draft a new version of the proposed solution."""
    points = [p.model_dump() for p in body.points]
    return _part(await commands.draft_proposal(tx, deal_id, title=body.title, points=points, at=body.at))


@router.get("/proposals", response_model=list[ProposalOut])
async def list_proposals(deal_id: UUID, db: Reading, by: CurrentActor) -> Any:
    """All versions of the proposal."""
    await deals.SEEN.get(db, by, deal_id)
    return [rules.proposal_shown(proposal, by) for proposal in await db.all(queries.PROPOSALS, deal_id=deal_id)]


@router.post("/proposals/{number}/present", response_model=ProposalOut, dependencies=[Recording])
async def present_proposal(deal_id: UUID, number: Number, tx: InTx, body: Act = NOW) -> Any:
    """This version was presented to the customer. A gate to the stage `negotiation`."""
    return _part(await commands.present_proposal(tx, deal_id, number, at=body.at))
