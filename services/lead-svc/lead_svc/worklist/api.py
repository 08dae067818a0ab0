"""`/v1/leads/tasks` and `/v1/leads/{id}/cadence`: what is to be done about leads, and when."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from lead_svc.cadence import commands
from lead_svc.cadence.policy import POLICY, Unit
from lead_svc.cadence.queries import stops
from lead_svc.cadence.record import Unplanned
from lead_svc.cadence.rules import PLAN_FOLLOW_UP, unplanned
from lead_svc.cadence.tasks import FIRST_RESPONSE
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Grade, Lead
from lead_svc.policy import POLICY as LEAD_POLICY
from lead_svc.seen import LEADS_SEEN
from lead_svc.worklist.fields import LeadWork
from lead_svc.worklist.queries import LIST, OF_LEAD, WORK, Hint, LeadTask, LeadTaskOut
from shared.auth import CurrentActor
from shared.db.tx import Reader
from shared.deadlines import commands as deadlines
from shared.deadlines.answers import DeadlineOut
from shared.fields import Time
from shared.http.body import Body
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class FollowUpIn(Body):
    due_at: Annotated[Time, Field(description="When to touch the lead next; it lies ahead.")]


class CadenceOut(BaseModel):
    """How a lead is followed up: its rhythm, what is planned, or why nothing is."""

    lead_id: UUID
    grade: Grade
    every: int = Field(description="How long after the last touch the next one is due, in `unit`.")
    unit: Unit
    hint: Hint
    last_contact_at: datetime | None
    attempt: int = Field(description="Which attempt in a row the next one is that gets no answer.")
    attempts: int = Field(description="So many in a row without an answer disqualify the lead.")
    tasks: list[LeadTaskOut] = Field(description="What is to be done, the most urgent first.")
    first_response: DeadlineOut | None
    reason: Unplanned | None = Field(description="Why there is no follow-up; null if there is one.")


@router.get("/tasks")
async def list_lead_tasks(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[LeadTaskOut]:
    """Follow-ups, first responses and wake-ups of the leads that you see, the most urgent first. `assignee=me` is your own work list."""
    leads, cadence = db.policy(LEAD_POLICY), db.policy(POLICY)
    where = LEADS_SEEN.listed(by, WORK.c.lead_id)
    return await LIST.page(db, page, where=where, params=LEADS_SEEN.params(by), each=lambda task: LeadTaskOut.of(task, leads, cadence))


@router.get("/{lead_id}/cadence")
async def get_lead_cadence(lead_id: UUID, db: Reading, by: CurrentActor) -> CadenceOut:
    """When the lead is to be touched next and with what, which attempt that is, and until when somebody has to respond first."""
    return await _cadence(db, await SEEN.get(db, by, lead_id))


@router.put("/{lead_id}/follow-up", dependencies=[permitted(PLAN_FOLLOW_UP)])
async def plan_follow_up(lead_id: UUID, body: FollowUpIn, tx: InTx) -> CadenceOut:
    """Plan the next touch of a lead: the owner or their manager.

    It changes no lead, so it needs no If-Match. It also begins the cadence of a lead that was imported or is old.
    """
    return await _cadence(tx, await commands.plan_follow_up(tx, lead_id, due_at=body.due_at))


async def _cadence(db: Reader, lead: Lead) -> CadenceOut:
    leads, cadence = db.policy(LEAD_POLICY), db.policy(POLICY)
    rhythm = cadence.grades.of(lead.grade)
    running = (await deadlines.of_records(db, [lead.id]))[lead.id]
    tasks = [LeadTaskOut.of(LeadTask.model_validate(dict(one)), leads, cadence) for one in await db.records(OF_LEAD, lead_id=lead.id)]
    planned = any(task.kind is LeadWork.FOLLOW_UP for task in tasks)
    return CadenceOut(
        lead_id=lead.id,
        grade=lead.grade,
        every=rhythm.every,
        unit=rhythm.unit,
        hint=Hint.of(rhythm),
        last_contact_at=lead.last_contact_at,
        attempt=lead.no_response_count + 1,
        attempts=leads.no_responses,
        tasks=tasks,
        first_response=next((DeadlineOut.of(one) for one in running if one.name == FIRST_RESPONSE.name), None),
        reason=None if planned else unplanned(lead, (await stops(db, [lead.id])).get(lead.id)),
    )
