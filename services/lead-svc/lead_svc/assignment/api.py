"""`/v1/assignment`, and what the rules decided about a lead."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from lead_svc.assignment.policy import POLICY, Strategy
from lead_svc.assignment.queries import IN_QUEUE, OF_LEAD, QUEUE, QUEUE_SEEN, QueueItem, read_board, read_figures
from lead_svc.assignment.record import AssignmentOutcome, Why
from lead_svc.assignment.rules import PREVIEW, Tried
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import LEAD
from shared.auth import CurrentActor
from shared.http.body import Body
from shared.http.edge import ClinchRoute, Reading
from shared.http.listing import Page, PageRequest
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/assignment", tags=["assignment"], route_class=ClinchRoute)
leads = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class PassedOut(BaseModel):
    """Somebody of the rule who did not get the lead, why, and how many open leads they had if that was looked at."""

    person_id: UUID
    why: Why
    load: int


class TriedOut(BaseModel):
    """A rule that was asked. `unmet`: the condition that the lead does not meet; else whom it would take, and why nobody else."""

    rule: str
    strategy: Strategy
    unmet: str | None = Field(examples=["region is EMEA"])
    owner_id: UUID | None
    passed: list[PassedOut]

    @classmethod
    def of(cls, tried: Tried) -> "TriedOut":
        choice = tried.choice
        return cls(
            rule=tried.rule.name,
            strategy=tried.rule.strategy,
            unmet=tried.unmet,
            owner_id=choice.chosen.person_id if choice and choice.chosen else None,
            passed=[PassedOut(person_id=one.person_id, why=one.why, load=one.load) for one in choice.passed] if choice else [],
        )


class PreviewIn(Body):
    lead_id: UUID


class PreviewOut(BaseModel):
    """`rule` would decide: it gives the lead to `owner_id`, or leaves it in the queue. Without a rule none is for the lead."""

    lead_id: UUID
    outcome: AssignmentOutcome
    rule: str | None
    owner_id: UUID | None
    policy_version: int
    tried: list[TriedOut]


class AssignmentOut(BaseModel):
    """What the rules last decided about a lead, when, and why others did not get it. All is null while they have not looked at it."""

    lead_id: UUID
    outcome: AssignmentOutcome | None = None
    rule: str | None = None
    owner_id: UUID | None = Field(default=None, description="Whom the rule gave it to; somebody else may own it by now.")
    passed: list[PassedOut] = []
    policy_version: int | None = None
    at: datetime | None = None


@router.post("/preview", dependencies=[permitted(PREVIEW)])
async def preview_assignment(body: PreviewIn, db: Reading, by: CurrentActor, request: Request) -> PreviewOut:
    """Explain whom the rules would give the lead to now, rule by rule. It changes nothing, and takes nobody's turn."""
    lead, policy = await SEEN.get(db, by, body.lead_id), db.policy(POLICY)
    LEAD.check_here(lead)
    figures = await read_figures(db, policy, [lead])
    board = await read_board(db, policy, [lead], figures, request.app.state.clock(), loads=True)
    decision = board.decide(lead)
    return PreviewOut(
        lead_id=lead.id,
        outcome=AssignmentOutcome.ASSIGNED if decision.owner else AssignmentOutcome.WAITING,
        rule=decision.rule,
        owner_id=decision.owner_id,
        policy_version=policy.version,
        tried=[TriedOut.of(one) for one in decision.tried],
    )


@router.get("/queue")
async def list_queue(page: Annotated[PageRequest, Depends(QUEUE.params)], db: Reading, by: CurrentActor) -> Page[QueueItem]:
    """Leads that the rules have given to nobody, the longest waiting first: those that you may see."""
    return await QUEUE.page(db, page, where=IN_QUEUE & QUEUE_SEEN.listed(by), params=QUEUE_SEEN.params(by))


@leads.get("/{lead_id}/assignment")
async def get_assignment(lead_id: UUID, db: Reading, by: CurrentActor) -> AssignmentOut:
    """Which rule gave the lead to its owner, and why not to others."""
    lead = await SEEN.get(db, by, lead_id)
    found = await db.first(OF_LEAD, lead_id=lead.id)
    if found is None:
        return AssignmentOut(lead_id=lead.id)
    passed = [PassedOut(person_id=UUID(id), **one) for id, one in found.passed.items()]
    return AssignmentOut(**{name: getattr(found, name) for name in AssignmentOut.model_fields} | {"passed": passed})
