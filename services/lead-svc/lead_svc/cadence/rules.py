"""When the next touch of a lead is due, and why one has none. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lead_svc.cadence.policy import Rhythm, Unit
from lead_svc.cadence.record import Unplanned
from lead_svc.leads.record import HELD, LEAD, Lead, State
from lead_svc.leads.rules import WORKING
from lead_svc.policy import LeadPolicy
from shared.acts import Act
from shared.auth.actor import Actor
from shared.calendar import months_after
from shared.calendar.working import Calendar
from shared.errors import Unmet
from shared.events.lead import LeadTaskSet

MISSED = "first_response_missed"
"""The rule by which a lead goes back to the pool, as `lead.assigned` tells it."""
_BY_STATE = {
    State.NURTURING: Unplanned.PUT_ASIDE,
    State.CONVERTING: Unplanned.HANDED_OVER,
    State.CONVERTED: Unplanned.CLOSED,
    State.DISQUALIFIED: Unplanned.CLOSED,
    State.MERGED: Unplanned.MERGED,
}


def followed(lead: Lead) -> bool:
    """Whether somebody follows the lead up."""
    return lead.state in HELD and lead.owner_id is not None


def unplanned(lead: Lead, stop: Unplanned | None = None) -> Unplanned:
    """Why a lead has no follow-up, if it has none. `stop`: the reason of its own that is kept."""
    return _BY_STATE.get(lead.state) or (Unplanned.NO_OWNER if lead.owner_id is None else stop or Unplanned.HISTORY)


def next_touch(touched_at: datetime, rhythm: Rhythm, calendar: Calendar, now: datetime) -> datetime:
    """When to touch the lead next: so long after the last touch, but not in the past, and when work is done."""
    match rhythm.unit:
        case Unit.MONTHS:
            due_at = months_after(touched_at, rhythm.every, calendar.zone)
        case Unit.DAYS:
            due_at = (touched_at.astimezone(calendar.zone) + timedelta(days=rhythm.every)).astimezone(UTC)
        case Unit.HOURS:
            due_at = touched_at.astimezone(UTC) + timedelta(hours=rhythm.every)
    return calendar.next_working_time(max(due_at, now))


def warning(started_at: datetime, due_at: datetime, percent: int, calendar: Calendar) -> datetime | None:
    """When so much of the working time of a deadline is over; None for no warning."""
    if not percent:
        return None
    hours = calendar.working_time_between(started_at, due_at).total_seconds() / 3600
    return calendar.add_working_hours(started_at, hours * percent / 100)


def _plan_needs(lead: Lead, policy: LeadPolicy, actor: Actor) -> list[Unmet]:
    return [] if lead.owner_id else [Unmet("owner", "The lead has no owner who could follow it up.")]


def _tomorrow(lead: Lead, _: Actor) -> dict[str, Any]:
    return {"due_at": (lead.updated_at + timedelta(days=1)).isoformat()}


PLAN_FOLLOW_UP = Act(
    of=LEAD,
    name="follow_up",
    operation="plan_follow_up",
    who=WORKING,
    states=HELD,
    needs=_plan_needs,
    tells=(LeadTaskSet,),
    refused="The follow-up cannot be planned now.",
    code="cannot_plan",
    says="Says when to touch the lead next, in place of the rhythm of its grade.",
    asks="An owner; a time that lies ahead.",
    sample=_tomorrow,
)
