"""What sales finds out: BANT, intent and grade."""

from datetime import datetime
from uuid import UUID

from lead_svc.leads.queries import SEEN_LEADS
from lead_svc.leads.rules import Lead, work_unmet
from lead_svc.leads.tables import LEADS
from lead_svc.qualification import rules
from lead_svc.qualification.rules import Dimension, Finding, Grade, Status
from shared.clock import happened
from shared.db.tx import Tx
from shared.errors import Invalid, Rejected, require
from shared.events.envelope import Event
from shared.events.lead import LeadBantUpdated, LeadIntentRecorded, LeadRegraded


async def record(
    tx: Tx,
    id: UUID,
    dimension: Dimension,
    *,
    status: Status,
    evidence: str | None,
    months: int | None,
    at: datetime | None,
    expect: int | None,
) -> Lead:
    """Set one dimension; score and grade follow at once (L13, L32)."""
    if months is not None and dimension is not Dimension.TIMELINE:
        raise Invalid("Only the timeline has months.", pointer="/months", code="not_timeline")
    lead = await SEEN_LEADS.load(tx, id, expect)
    when = happened(at, tx.now)
    require(work_unmet(lead, tx.actor), "BANT cannot be recorded now.", "cannot_record")
    known = lead.bant.get(dimension)
    if known and (known["status"], known["evidence"], known["months"]) == (status, evidence, months):
        return lead
    bant = {**lead.bant, dimension.value: Finding(status, evidence, months, tx.actor.id, when).kept()}
    score = rules.score(bant)
    grade, rule = rules.grade(lead.grade, lead.bant, bant)
    told: list[Event] = [LeadBantUpdated(dimension=dimension.value, status=status.value, score=score)]
    if grade is not lead.grade:
        told.append(LeadRegraded(old=lead.grade, new=grade, rule=rule))
    return await tx.save(LEADS, lead, *told, at=when, bant=bant, bant_score=score, grade=grade)


async def record_intent(tx: Tx, id: UUID, *, level: str, at: datetime | None, expect: int | None) -> Lead:
    """Sales has confirmed that the customer intends to buy (L9)."""
    lead = await SEEN_LEADS.load(tx, id, expect)
    when = happened(at, tx.now)
    require(work_unmet(lead, tx.actor), "The intent cannot be recorded now.", "cannot_record")
    return await tx.save(LEADS, lead, LeadIntentRecorded(level=level), at=when, intent=level)


async def override_grade(tx: Tx, id: UUID, *, grade: Grade, at: datetime | None, expect: int | None) -> Lead:
    """A grade by hand; the next change of BANT decides anew."""
    lead = await SEEN_LEADS.load(tx, id, expect)
    when = happened(at, tx.now)
    require(work_unmet(lead, tx.actor), "The grade cannot be set now.", "cannot_record")
    if grade is lead.grade:
        raise Rejected("The lead has this grade already.", code="same_grade")
    return await tx.save(LEADS, lead, LeadRegraded(old=lead.grade, new=grade, rule="manual"), at=when, grade=grade)
