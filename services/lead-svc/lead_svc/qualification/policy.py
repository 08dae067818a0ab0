"""What another version of the policy means for leads: a report on a draft, and the move of open leads to a new version."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, func, select

from lead_svc.leads.record import OPEN, Lead
from lead_svc.leads.tables import LEAD, LEADS
from lead_svc.policy import POLICY, LeadPolicy
from lead_svc.qualification import rules
from lead_svc.qualification.rules import Dimension
from shared.db.database import Database
from shared.db.query import Query, is_in
from shared.db.tables import POLICY_SIMULATION, At
from shared.db.tx import Tx
from shared.events.envelope import Event
from shared.events.lead import LeadBantUpdated, LeadRegraded
from shared.policy.document import Difference, Looked, Simulation

BATCH = 500
_FIRST = UUID(int=0)
_leads = (
    select(*[LEAD.c[n] for n in LEADS.names])
    .where(LEAD.c.id > bindparam("after", type_=Uuid))
    .order_by(LEAD.c.id)
    .limit(bindparam("most", type_=Integer))
)
# A report says how things were when it was asked for, by the business's clock.
_ASKED = Query(select(func.max(POLICY_SIMULATION.c.created_at)).where(POLICY_SIMULATION.c.name == bindparam("name")), datetime)
_SINCE = Query(_leads.where(LEAD.c.captured_at > bindparam("since", type_=At)), Lead)
_FOUND_OUT = Query(_leads.where(is_in(LEAD.c.state, [state.value for state in OPEN]), LEAD.c.bant != {}).with_for_update(), Lead)


async def _bant(db: Database, active: LeadPolicy, draft: LeadPolicy, days: int) -> AsyncIterator[Looked]:
    """Leads captured in the last days: score and grade of what is found out, and whether it is enough to qualify."""
    after = _FIRST
    while True:
        async with db.read() as reader:
            since = await reader.one(_ASKED, name=POLICY.name) - timedelta(days=days)
            leads = await reader.all(_SINCE, after=after, since=since, most=BATCH)
        differ = []
        for lead in leads:
            before, then = _said(lead, active), _said(lead, draft)
            if before != then:
                differ.append(Difference("lead", lead.id, before, then))
        yield Looked(len(leads), differ)
        if len(leads) < BATCH:
            return
        after = leads[-1].id


def _said(lead: Lead, policy: LeadPolicy) -> str:
    """What a version says of a lead, were its findings looked at again."""
    numbers = policy.bant
    grade, _ = rules.grade(lead.grade, lead.bant, lead.bant, numbers)
    enough = "does not qualify" if rules.bant_unmet(lead.bant, numbers) else "qualifies"
    return f"score {rules.score(lead.bant, numbers)}, grade {grade}, {enough}"


async def move(tx: Tx, old: LeadPolicy, new: LeadPolicy, after: UUID | None) -> UUID | None:
    """Score and grade a batch of open leads by the new version. Doing it again changes nothing."""
    leads = await tx.all(_FOUND_OUT, after=after or _FIRST, most=BATCH)
    moved = [_moved(tx, lead, new) for lead in leads]
    await tx.save_many(LEADS, [(lead, [(event, tx.now) for event in told]) for lead, told in moved if told])
    return leads[-1].id if len(leads) == BATCH else None


def _moved(tx: Tx, lead: Lead, policy: LeadPolicy) -> tuple[Lead, list[Event]]:
    score = rules.score(lead.bant, policy.bant)
    grade, rule = rules.grade(lead.grade, lead.bant, lead.bant, policy.bant)
    told: list[Event] = []
    if score != lead.bant_score:
        # The event tells the score with a dimension; what is known of that one stays as it is.
        dimension = next(d for d in Dimension if d in lead.bant)
        status = lead.bant[dimension]["status"]
        told.append(LeadBantUpdated(dimension=dimension.value, status=status, score=score, policy_version=policy.version))
    if grade is not lead.grade:
        told.append(LeadRegraded(old=lead.grade, new=grade, rule=rule, policy_version=policy.version))
    return replace(lead, bant_score=score, grade=grade, updated_at=tx.now), told


SIMULATIONS = [Simulation("bant", "Leads captured in these days: whose score, grade or readiness to qualify would differ?", _bant)]
