"""The time, injectable: tests and the demo hand their own clock to what depends on it.

There are two. The business's clock says when something happened, is due or is valid; who tries deadlines out may move it. The machine's
clock, and Postgres's `now()`, count how long something takes or is kept: claims, waits, leases, retention. Nobody moves that one, so a
jump of the business's clock ends no claim and deletes nothing early.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared.errors import Invalid

Clock = Callable[[], datetime]

FIRST_YEAR, LAST_YEAR = 1970, 2200
"""A day or time outside these years is a slip of the pen or of an import, and near the year 1 not even every zone can say it."""
EARLIEST, LATEST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
"""The first moment that counts as a time, and the first that does not any more."""
YEARS = f"from {FIRST_YEAR} to {LAST_YEAR}"
"""The range in words."""
READABLE_YEARS = 1000, 9000
"""Of what was written before there was such a limit: calendars and zones can reckon with the years from the first up to the second."""


def plausible(day: date) -> bool:
    """Whether a day, or the day of a time, lies in the years that count."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


_SKEW = timedelta(minutes=5)
"""How far a caller's clock may be ahead of ours."""


def utcnow() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class MovedClock:
    """The business's clock where it is moved: the machine's and an offset, which may be another one at any time."""

    offset: Callable[[], timedelta]

    def __call__(self) -> datetime:
        return utcnow() + self.offset()


def moved_by(clock: Clock) -> timedelta:
    """How far a clock is ahead of the machine's."""
    return clock.offset() if isinstance(clock, MovedClock) else timedelta()


def machine(clock: Clock) -> Clock:
    """The machine's clock behind the business's. One that a test moves stands for both."""
    return utcnow if isinstance(clock, MovedClock) else clock


def kept_since(clock: Clock, days: float) -> datetime:
    """What was made before then has been kept for `days` by either clock, so that moving one deletes nothing early."""
    return min(clock(), machine(clock)()) - timedelta(days=days)


def happened(at: datetime | None, now: datetime, *, since: datetime | None = None, field: str = "at") -> datetime:
    """When something happened in the business, in UTC: `at` where the caller names a time, else now.

    422 when it lies in the future, or before `since`, the act that it must follow. `field` is what the body calls it.
    """
    if at is None:
        return now
    if at > now + _SKEW:
        says = f"{field} lies in the future; leave it out for now, or name the past time when it happened."
        raise Invalid(says, pointer=f"/{field}", code="future")
    if at < EARLIEST:
        raise Invalid(f"{field} lies before {FIRST_YEAR}.", pointer=f"/{field}", code="too_early")
    if since is not None and at < since:
        says = f"{field} lies before what it follows, which was at {since.isoformat()}."
        raise Invalid(says, pointer=f"/{field}", code="before_previous")
    return at.astimezone(UTC)
