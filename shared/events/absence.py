"""What lead-svc tells of the days on which people are away. Why they are, is in no event: nobody says it."""

from datetime import date
from uuid import UUID

from shared.events.team import RosterEvent


class AbsenceTold(RosterEvent):
    person_id: UUID
    first_day: date
    last_day: date


class AbsenceEntered(AbsenceTold, type="absence.entered"):
    """From the first to the last day, both included, somebody is away."""


class AbsenceChanged(AbsenceTold, type="absence.changed"):
    """They are away on other days than was said."""


class AbsenceRemoved(AbsenceTold, type="absence.removed"):
    """They are not away on these days after all."""
