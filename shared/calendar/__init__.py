"""Days of the company's calendar, and the instants at which they begin and end. Pure."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)


def day_of(at: datetime, zone: tzinfo) -> date:
    """The company's day that an instant belongs to."""
    return at.astimezone(zone).date()


def start_of(day: date, zone: tzinfo) -> datetime:
    """When a day begins where the company is, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """When a day is over where the company is: the start of the next day, in UTC."""
    return start_of(day + DAY, zone)


def months_after(at: datetime, months: int, zone: tzinfo) -> datetime:
    """The same day and time on the clock where the company is, months later; the last day of a month that is shorter. In UTC."""
    local = at.astimezone(zone)
    years, month = divmod(local.month - 1 + months, 12)
    year = local.year + years
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)
