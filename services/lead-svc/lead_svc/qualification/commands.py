"""What sales finds out: BANT, intent and grade, and whether the lead is an SQL."""

from datetime import datetime
from uuid import UUID

from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Grade, Lead, State
from lead_svc.leads.tables import LEADS
from lead_svc.policy import POLICY
from lead_svc.qualification import rules
from lead_svc.qualification.rules import QUALIFY, RECORD_BANT, RECORD_INTENT, SET_GRADE, Dimension, Finding, Status
from shared.db.tx import Tx
from shared.errors import Invalid, Rejected
from shared.events.envelope import Event
from shared.events.lead import LeadBantUpdated, LeadIntentRecorded, LeadQualified, LeadRegraded
from shared.occurred import happened


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
    """Set one dimension; score and grade follow at once."""
    if months is not None and dimension is not Dimension.TIMELINE:
        raise Invalid("Only the timeline has months.", pointer="/months", code="not_timeline")
    lead = await SEEN.load(tx, id, expect)
    when = happened(tx, at)
    RECORD_BANT.check(lead, tx.actor, facts=tx.policy(POLICY))
    known = lead.bant.get(dimension)
    if known and (known["status"], known["evidence"], known["months"]) == (status, evidence, months):
        return lead
    bant = {**lead.bant, dimension.value: Finding(status, evidence, months, tx.actor.id, when).kept()}
    policy = tx.policy(POLICY)
    score = rules.score(bant, policy.bant)
    grade, rule = rules.grade(lead.grade, lead.bant, bant, policy.bant)
    told: list[Event] = [LeadBantUpdated(dimension=dimension.value, status=status.value, score=score, policy_version=policy.version)]
    if grade is not lead.grade:
        told.append(LeadRegraded(old=lead.grade, new=grade, rule=rule, policy_version=policy.version))
    return await tx.save(LEADS, lead, *told, at=when, bant=bant, bant_score=score, grade=grade)


async def record_intent(tx: Tx, id: UUID, *, level: str, at: datetime | None, expect: int | None) -> Lead:
    """Sales has confirmed that the customer intends to buy."""
    lead = await SEEN.load(tx, id, expect)
    when = happened(tx, at)
    RECORD_INTENT.check(lead, tx.actor, facts=tx.policy(POLICY))
    return await tx.save(LEADS, lead, LeadIntentRecorded(level=level), at=when, intent=level)


async def override_grade(tx: Tx, id: UUID, *, grade: Grade, at: datetime | None, expect: int | None) -> Lead:
    """A grade by hand; the next change of BANT decides again."""
    lead = await SEEN.load(tx, id, expect)
    when = happened(tx, at)
    SET_GRADE.check(lead, tx.actor, facts=tx.policy(POLICY))
    if grade is lead.grade:
        raise Rejected("The lead has this grade already.", code="same_grade")
    return await tx.save(LEADS, lead, LeadRegraded(old=lead.grade, new=grade, rule="manual"), at=when, grade=grade)


async def qualify(tx: Tx, id: UUID, *, at: datetime | None, expect: int | None) -> Lead:
    """Sales confirms the lead: an SQL."""
    lead = await SEEN.load(tx, id, expect)
    when = happened(tx, at)
    QUALIFY.check(lead, tx.actor, facts=tx.policy(POLICY))
    told = LeadQualified.of(lead, policy_version=tx.policy(POLICY).version)
    return await tx.save(LEADS, lead, told, at=when, state=State.SQL)
