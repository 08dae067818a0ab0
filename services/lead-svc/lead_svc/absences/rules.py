"""Who enters absences, and for whom."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lead_svc.absences.record import ABSENCE, Absence
from shared.acts import Act, who
from shared.auth.actor import LEADERS, Actor, Role
from shared.errors import Unmet
from shared.events.absence import AbsenceChanged, AbsenceEntered, AbsenceRemoved

_OF_THEIR_TEAMS = (Role.manager, Role.regional_head)
_OF_ANYBODY = (Role.admin, Role.director, Role.sales_ops)
_EVERYBODY = [role for role in Role if role not in (Role.system, Role.service, Role.auditor)]
KEEPING = who(*LEADERS, Role.sales_ops, own=_EVERYBODY)


def asks_for_reach(absence: Absence, by: Actor) -> bool:
    """Whether it matters that the person is in the actor's teams."""
    return absence.person_id != by.id and by.has(*_OF_THEIR_TEAMS) and not by.has(*_OF_ANYBODY)


def _reach_needs(absence: Absence, in_reach: bool, by: Actor) -> list[Unmet]:
    if in_reach or not asks_for_reach(absence, by):
        return []
    return [Unmet("not_in_team", "The person is not in your team or a team below it.")]


def _later(absence: Absence, _: Actor) -> Mapping[str, Any]:
    return {"first_day": absence.first_day.isoformat(), "last_day": (absence.last_day + timedelta(days=1)).isoformat()}


ENTER = Act(
    of=ABSENCE,
    name="enter",
    operation="enter_absence",
    who=KEEPING,
    needs=_reach_needs,
    makes=True,
    tells=(AbsenceEntered,),
    refused="This absence cannot be entered by you.",
    code="cannot_enter_absence",
    says="Says on which days a person is away: rules give them no leads then.",
    asks="Everybody enters their own; a manager those of their teams, sales operations those of anybody.",
)
CHANGE = Act(
    of=ABSENCE,
    name="change",
    operation="change_absence",
    who=KEEPING,
    needs=_reach_needs,
    tells=(AbsenceChanged,),
    refused="This absence cannot be changed by you.",
    code="cannot_change_absence",
    says="Changes the days.",
    asks="As for entering it.",
    sample=lambda absence, by: dict(_later(absence, by)),
)
REMOVE = Act(
    of=ABSENCE,
    name="remove",
    operation="remove_absence",
    who=KEEPING,
    needs=_reach_needs,
    tells=(AbsenceRemoved,),
    refused="This absence cannot be removed by you.",
    code="cannot_remove_absence",
    says="Takes the absence back.",
    asks="As for entering it.",
)
ABSENCE_ACTS = (ENTER, CHANGE, REMOVE)
