"""Touching a lead again is a task of its owner, and the first response has a deadline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lead_svc.absences.calendars import calendars_of
from lead_svc.cadence.policy import POLICY
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.leads.tasks import LEAD_TASKS
from shared.calendar import day_of
from shared.calendar.working import Calendar
from shared.db.outbox import Told
from shared.db.tx import Tx
from shared.deadlines.record import Clocks, Deadline, DeadlineState, Running
from shared.events.cadence import (
    LeadDeadlineEvent,
    LeadDeadlineStarted,
    LeadDeadlineStopped,
    LeadDeadlineWarned,
    LeadFirstResponded,
    LeadFirstResponseMissed,
)
from shared.events.lead import LeadAbsorbed, LeadConversionConfirmed, LeadConverted, LeadDisqualified, LeadInteractionLogged, LeadNurtured
from shared.parties.people import leader_of
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY
from shared.tasks.record import Late, TaskKind

ENDS = (LeadNurtured, LeadDisqualified, LeadConverted, LeadConversionConfirmed, LeadAbsorbed)
"""After these nobody follows the lead up any more, until it is taken up again."""


async def calendar_of_owner(tx: Tx, lead: Lead, day: datetime) -> Calendar:
    """When the lead's owner works from this day on; in the pool, when the company does."""
    company = calendar_of(tx.policy(COMPANY_POLICY))
    owners = [] if lead.owner_id is None else [lead.owner_id]
    found = await calendars_of(tx, owners, day_of(day, company.zone))
    return found[lead.owner_id] if lead.owner_id is not None else company


async def _late(tx: Tx, lead: Lead, due_at: datetime) -> Late:
    policy, working = tx.policy(POLICY), await calendar_of_owner(tx, lead, due_at)
    return Late(working.add_working_hours(due_at, policy.overdue_hours), working.add_working_hours(due_at, policy.escalate_hours))


async def _manager(tx: Tx, lead: Lead) -> Mapping[str, Any]:
    return {"manager_id": lead.owner_id and await leader_of(tx, lead.owner_id)}


FOLLOW_UP = TaskKind(name="follow_up", about=LEAD_TASKS, over_when=ENDS, late=_late, more=_manager)
"""A touch does it; `commands` plans the next one with it."""


def _tells(event: type[LeadDeadlineEvent], lead: Lead, **more: Any) -> LeadDeadlineEvent:
    return event.of(lead, lead_id=lead.id, **more)


def _by_a_person(tx: Tx, told: Told, running: Running) -> bool:
    """Only a person who contacts the customer responds: no machine, and not the customer. What was before the assignment does not."""
    assert isinstance(told.event, LeadInteractionLogged)
    return told.event.direction == "outbound" and tx.actor.type == "person" and told.time >= running.started_at


async def _more(tx: Tx, lead: Lead, running: Running) -> Mapping[str, Any]:
    if running.state is DeadlineState.MET and running.met_at is not None:
        working = await calendar_of_owner(tx, lead, running.started_at)
        return {"minutes": round(working.working_time_between(running.started_at, running.met_at).total_seconds() / 60)}
    return await _manager(tx, lead)


FIRST_RESPONSE = Deadline(
    name="first_response",
    clocks=Clocks(
        of=LEADS,
        tells=_tells,
        started=LeadDeadlineStarted,
        warned=LeadDeadlineWarned,
        missed=LeadFirstResponseMissed,
        met=LeadFirstResponded,
        stopped=LeadDeadlineStopped,
    ),
    starts={},
    meets=(LeadInteractionLogged,),
    counts=_by_a_person,
    stops=ENDS,
    working=True,
    more=_more,
)
"""`commands` starts it, in the working time of whoever the lead is given to."""
