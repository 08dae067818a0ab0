"""Touching a lead again is a task of its owner, and the first response has a deadline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lead_svc.cadence import rules
from lead_svc.cadence.policy import POLICY
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from lead_svc.leads.tasks import LEAD_TASKS
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
from shared.events.lead import LeadConversionConfirmed, LeadConverted, LeadDisqualified, LeadInteractionLogged, LeadNurtured
from shared.parties.people import leader_of
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY
from shared.tasks.record import Late, TaskKind

ENDS = (LeadNurtured, LeadDisqualified, LeadConverted, LeadConversionConfirmed)
"""After these nobody follows the lead up any more, until it is taken up again."""


def calendar(tx: Tx) -> Calendar:
    """When work is done."""
    return calendar_of(tx.policy(COMPANY_POLICY))


def _late(tx: Tx, due_at: datetime) -> Late:
    policy, working = tx.policy(POLICY), calendar(tx)
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


def _warns(tx: Tx, started_at: datetime, due_at: datetime) -> datetime | None:
    return rules.warning(started_at, due_at, tx.policy(POLICY).warn_percent, calendar(tx))


async def _more(tx: Tx, lead: Lead, running: Running) -> Mapping[str, Any]:
    if running.state is DeadlineState.MET and running.met_at is not None:
        return {"minutes": round(calendar(tx).working_time_between(running.started_at, running.met_at).total_seconds() / 60)}
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
    warns=_warns,
    working=True,
    more=_more,
)
"""`commands` starts it when somebody gives the lead to a person."""
