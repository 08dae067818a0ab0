"""Reckoning with times of events."""

from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from shared.calendar import day_of, start_of

_MICROSECOND = timedelta(microseconds=1)


def microseconds(span: timedelta) -> int:
    return span // _MICROSECOND


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


class Calendar(NamedTuple):
    """The company's zone, and the zone it had when events did not name due days yet."""

    zone: tzinfo
    first_zone: tzinfo

    def due(self, data: Any) -> datetime | None:
        """When the due day of a milestone begins: the instant by which figures find that day in the company's zone."""
        if data.due_day is not None:
            return start_of(data.due_day, self.zone)
        return None if data.due_at is None else start_of(day_of(data.due_at, self.first_zone), self.zone)
