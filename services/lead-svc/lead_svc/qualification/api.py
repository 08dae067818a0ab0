"""`/v1/leads/{id}/bant`, `/intent`, `/grade`, `/qualify`: what sales finds out."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from lead_svc.answers import LeadOut, answered
from lead_svc.leads.record import Grade
from lead_svc.qualification import commands
from lead_svc.qualification.rules import Dimension, Status
from shared.fields import Count, Text, When
from shared.http.body import NOW, Body, Dated
from shared.http.edge import ClinchRoute, IfMatch, InTx

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class BantIn(Body):
    status: Status
    evidence: Annotated[Text | None, Field(description="What the customer said. It stays in this service.")] = None
    months: Annotated[Count | None, Field(ge=0, le=120, description="For the timeline: within how many months they buy.")] = None
    at: When = None


class IntentIn(Body):
    level: Annotated[Literal["low", "medium", "high"], Field(description="How sure it is that they intend to buy.")]
    at: When = None


class GradeIn(Body):
    grade: Grade
    at: When = None


@router.put("/{lead_id}/bant/{dimension}")
async def record_bant(lead_id: UUID, dimension: Dimension, body: BantIn, tx: InTx, expect: IfMatch) -> LeadOut:
    """Record one BANT dimension: the owner or their manager. Score and grade follow at once."""
    return await answered(tx, await commands.record(tx, lead_id, dimension, expect=expect, **body.model_dump()))


@router.post("/{lead_id}/intent")
async def record_intent(lead_id: UUID, body: IntentIn, tx: InTx, expect: IfMatch) -> LeadOut:
    """Record the customer's intent to buy: the owner or their manager."""
    return await answered(tx, await commands.record_intent(tx, lead_id, level=body.level, at=body.at, expect=expect))


@router.put("/{lead_id}/grade")
async def override_grade(lead_id: UUID, body: GradeIn, tx: InTx, expect: IfMatch) -> LeadOut:
    """Set the grade by hand, until the next change of BANT: the owner or their manager."""
    return await answered(tx, await commands.override_grade(tx, lead_id, grade=body.grade, at=body.at, expect=expect))


@router.post("/{lead_id}/qualify")
async def qualify_lead(lead_id: UUID, tx: InTx, expect: IfMatch, body: Dated = NOW) -> LeadOut:
    """captured, mql → sql, by the owner or their manager: intent recorded, the customer took part at least once, BANT met."""
    return await answered(tx, await commands.qualify(tx, lead_id, at=body.at, expect=expect))
