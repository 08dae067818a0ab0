"""Logging a contact with the customer, and what follows from it by itself."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from lead_svc.interactions import rules
from lead_svc.interactions.fields import Direction, InteractionFields, Outcome
from lead_svc.interactions.queries import ADD
from lead_svc.interactions.record import Interaction
from lead_svc.interactions.rules import LOG
from lead_svc.leads.commands import WAKE, disqualification, reactivation
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import HELD, Lead, Reason
from lead_svc.leads.tables import LEADS
from lead_svc.policy import POLICY, LeadPolicy
from shared.calendar.working import Calendar
from shared.db.tx import Tx
from shared.events.envelope import Event
from shared.events.lead import LeadInteractionLogged
from shared.ids import new_id
from shared.occurred import happened
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY
from shared.timers import cancel_timers


async def log(tx: Tx, lead_id: UUID, said: InteractionFields, *, at: datetime | None) -> tuple[Interaction, Lead]:
    """Log a contact, and give the lead as it leaves it.

    As many in a row without response as the policy says disqualify the lead; a customer who comes back reactivates it. The company's
    calendar decides which working day an attempt counts for.
    """
    lead = await SEEN.load(tx, lead_id)
    when = happened(tx, at)
    LOG.check(lead, tx.actor, facts=tx.policy(POLICY))
    rules.check_outcome(said.direction, said.outcome)
    described = {name: getattr(said, name) for name in InteractionFields.model_fields}
    made = Interaction(id=new_id(), lead_id=lead.id, at=when, by=tx.actor.id, recorded_at=tx.now, **described)
    await tx.run(ADD, **asdict(made))
    told: list[Event] = [
        LeadInteractionLogged.of(lead, interaction_id=made.id, kind=made.kind, direction=made.direction, outcome=made.outcome)
    ]
    changes: dict[str, Any] = {"last_contact_at": max(when, lead.last_contact_at or when)}
    unanswered = _unanswered(lead, made, calendar_of(tx.policy(COMPANY_POLICY)), tx.policy(POLICY))
    for event, more in (_answered(lead, made), unanswered, _taken_up(lead, made.direction)):
        changes |= more
        if event is not None:
            told.append(event)
    if rules.takes_up_again(lead, made.direction):
        await cancel_timers(tx, lead.id, WAKE)
    return made, await tx.latest(LEADS, await tx.save(LEADS, lead, *told, at=when, **changes))


_Follows = tuple[Event | None, dict[str, Any]]


def _answered(lead: Lead, made: Interaction) -> _Follows:
    if not rules.responded(made.direction, made.outcome):
        return None, {}
    latest = max(made.at, lead.last_response_at or made.at)
    return None, {"responses": lead.responses + 1, "no_response_count": 0, "no_response_on": None, "last_response_at": latest}


def _unanswered(lead: Lead, made: Interaction, calendar: Calendar, policy: LeadPolicy) -> _Follows:
    day = rules.working_day(made.at, calendar)
    if made.outcome is not Outcome.NO_RESPONSE or not rules.counts(lead, made.at, day):
        return None, {}
    count = lead.no_response_count + 1
    event: Event | None = None
    changes: dict[str, Any] = {}
    if count >= policy.no_responses and lead.state in HELD:
        event, changes = disqualification(lead, Reason.NO_RESPONSE_3, policy_version=policy.version)
    return event, {"no_response_count": count, "no_response_on": day, **changes}


def _taken_up(lead: Lead, direction: Direction) -> _Follows:
    return reactivation(lead, "inbound_contact") if rules.takes_up_again(lead, direction) else (None, {})
