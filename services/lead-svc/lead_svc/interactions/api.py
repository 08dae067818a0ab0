"""`/v1/leads/{id}/interactions`: what was said, and when."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from lead_svc.interactions import commands
from lead_svc.interactions.commands import Notes
from lead_svc.interactions.queries import LIST, OF_LEAD
from lead_svc.interactions.rules import LOG, Direction, Interaction, Kind, Outcome
from lead_svc.leads.queries import SEEN
from shared.auth import Actor, CurrentActor
from shared.fields import Text, When
from shared.http.body import Body
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.permit import permitted
from shared.masking import sees_personal_data

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class InteractionIn(Body):
    kind: Kind
    direction: Direction = Direction.OUTBOUND
    outcome: Annotated[Outcome, Field(description="`reached`: the customer took part; `sent`: on its way, no answer due yet.")]
    key_points: Text | None = None
    feedback: Text | None = None
    questions: Text | None = None
    concerns: Text | None = None
    goals: Text | None = None
    at: When = None


class InteractionOut(BaseModel):
    """The texts are left out for roles that do not see personal data."""

    id: UUID
    lead_id: UUID
    kind: Kind
    direction: Direction
    outcome: Outcome
    at: datetime
    by: UUID
    key_points: str | None
    feedback: str | None
    questions: str | None
    concerns: str | None
    goals: str | None
    recorded_at: datetime


@router.post("/{lead_id}/interactions", status_code=201, response_model=InteractionOut, dependencies=[permitted(LOG)])
async def log_interaction(lead_id: UUID, body: InteractionIn, tx: InTx, by: CurrentActor, request: Request) -> Interaction:
    """Log a contact with the customer. It appends, so it needs no If-Match.

    An outbound attempt without response counts at most once per working day. The third in a row disqualifies the lead
    (`no_response_3`); any response starts the count again. A customer who comes back unasked reactivates a nurtured lead, and one
    that was disqualified for want of an answer.
    """
    notes = Notes(body.key_points, body.feedback, body.questions, body.concerns, body.goals)
    zone = request.app.state.settings.zone
    made = await commands.log(tx, lead_id, body.kind, body.direction, body.outcome, notes, at=body.at, zone=zone)
    return _shown(made, by)


@router.get("/{lead_id}/interactions", response_model=Page[InteractionOut])
async def list_interactions(
    lead_id: UUID, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor
) -> Page[Interaction]:
    """The contacts with this lead, newest first; `q` searches what was said."""
    lead = await SEEN.get(db, by, lead_id)
    return await LIST.page(db, page, where=OF_LEAD, params={"lead_id": lead.id}, each=partial(_shown, actor=by))


def _shown(interaction: Interaction, actor: Actor) -> Interaction:
    if sees_personal_data(actor):
        return interaction
    return replace(interaction, key_points=None, feedback=None, questions=None, concerns=None, goals=None)
