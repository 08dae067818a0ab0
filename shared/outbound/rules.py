"""When a message is tried again, and when to give up: by the answer and the numbers of the policy."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from shared.outbound.numbers import Sending
from shared.outbound.record import DeliveryState, DisableReason

AT_ONCE = 4
"""Deliveries in flight to one target; to one that is failing, a single one."""
JITTER = 0.2
"""A wait is longer or shorter by up to this part, so that what failed together is not sent again together."""
KEPT_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt: a status, or why there is none; both when the receiver took the request and refused what it says.

    `retry_after` is what the receiver asked for, `said` the beginning of its answer, for senders that must read it.
    """

    status: int | None
    error: str | None
    seconds: float
    retry_after: timedelta | None = None
    said: bytes = b""

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and self.error is None

    @property
    def is_gone(self) -> bool:
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Next:
    """Where a delivery stands after an attempt."""

    state: DeliveryState
    due_at: datetime | None


def after(tries: int, answer: Answer, now: datetime, jitter: float, by: Sending) -> Next:
    """`tries` is how many there were, this one included; `jitter` is from -1 to 1; `by` are the numbers of the policy."""
    if answer.is_taken:
        return Next(DeliveryState.DELIVERED, None)
    if answer.is_gone or tries > len(by.back_off_seconds):
        return Next(DeliveryState.FAILED, None)
    wait = timedelta(seconds=by.back_off_seconds[tries - 1]) * (1 + JITTER * jitter)
    if answer.retry_after is not None and (answer.status in (429, 503) or answer.error is not None):
        wait = max(wait, min(answer.retry_after, timedelta(hours=by.longest_wait_hours)))
    return Next(DeliveryState.PENDING, now + wait)


def to_disable(answer: Answer, failing_since: datetime | None, now: datetime, by: Sending) -> DisableReason | None:
    """Why the target is to be disabled after this attempt; None when it is not."""
    if answer.is_gone:
        return DisableReason.GONE
    if not answer.is_taken and failing_since is not None and now - failing_since >= timedelta(days=by.disable_after_days):
        return DisableReason.FAILING
    return None


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """The Retry-After header (RFC 9110 §10.2.3): seconds, or a date. None when there is none, or it makes no sense."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return timedelta(seconds=int(header[:10]))
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
