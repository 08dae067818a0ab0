"""Webhooks as states: what an endpoint and a delivery may do next, when to try again, and when to give up."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.errors import Pending, Unmet

MOST_ENDPOINTS = 50
"""With `AT_ONCE` of them each, what one worker may have in flight stays in the hundreds."""
AT_ONCE = 4
"""Deliveries in flight to one endpoint; to one that is failing, a single one."""
BACK_OFF = tuple(timedelta(seconds=s) for s in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600))
"""Waits after the first, the second ... failed attempt: three days in all."""
JITTER = 0.2
"""A wait is longer or shorter by up to this part, so that what failed together does not come back together."""
LONGEST_WAIT = timedelta(hours=24)
DISABLE_AFTER = timedelta(days=5)
KEPT_ATTEMPTS = 20


class State(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


class Reason(StrEnum):
    """Why an endpoint is disabled: by somebody, by the receiver's 410, or because nothing was taken for days."""

    BY_HAND = "by_hand"
    GONE = "gone"
    FAILING = "failing"


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint. `types` are event types, or their beginnings with `*` behind a dot."""

    id: UUID
    version: int
    url: str
    description: str
    types: list[str]
    state: State
    reason: Reason | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint. `tries` count since it was last asked for; `attempts` are the latest, redeliveries included."""

    id: UUID
    webhook_id: UUID
    position: int
    event_id: UUID
    type: str
    subject: UUID
    sequence: int
    event_time: datetime
    state: DeliveryState
    tries: int
    due_at: datetime | None
    attempts: list[dict[str, Any]]
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt: a status, or why there is none. `retry_after` is what the receiver asked for."""

    status: int | None
    error: str | None
    seconds: float
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Next:
    """Where a delivery stands after an attempt."""

    state: DeliveryState
    due_at: datetime | None


# -- Types -----------------------------------------------------------------------------------------------------------------


def matches(pattern: str, type_: str) -> bool:
    """`*` stands for everything, `clinch.deal.*` for what begins with `clinch.deal.`; anything else for itself."""
    return type_.startswith(pattern[:-1]) if pattern.endswith("*") else type_ == pattern


def unknown(patterns: Sequence[str], known: Collection[str]) -> list[int]:
    """The places of patterns that no event of the contract matches: misspelt, or not told any more."""
    return [n for n, pattern in enumerate(patterns) if not any(matches(pattern, type_) for type_ in known)]


# -- What may be done ------------------------------------------------------------------------------------------------------


def register_unmet(endpoints: int) -> list[Unmet]:
    return [Unmet("too_many", f"There are {MOST_ENDPOINTS} endpoints: remove one first.")] if endpoints >= MOST_ENDPOINTS else []


def rotate_unmet(old_until: datetime | None, now: datetime, *, keep_old: bool) -> list[Unmet]:
    """A second rotation would cut off receivers that have not taken up the first. Ending all old secrets at once is always possible."""
    if keep_old and old_until is not None and old_until > now:
        says = f"The old secret still signs until {old_until:%Y-%m-%d %H:%M} UTC; end it at once with keep_old false."
        return [Pending("rotating", says, seconds=math.ceil((old_until - now).total_seconds()))]
    return []


def redeliver_unmet(webhook: Webhook) -> list[Unmet]:
    return [] if webhook.state is State.ACTIVE else [Unmet("disabled", "The endpoint is disabled: enable it first.")]


# -- After an attempt ------------------------------------------------------------------------------------------------------


def after(tries: int, answer: Answer, now: datetime, jitter: float) -> Next:
    """`tries` is how many there were, this one included; `jitter` is from -1 to 1."""
    if answer.is_taken:
        return Next(DeliveryState.DELIVERED, None)
    if answer.is_gone or tries > len(BACK_OFF):
        return Next(DeliveryState.FAILED, None)
    wait = BACK_OFF[tries - 1] * (1 + JITTER * jitter)
    if answer.status in (429, 503) and answer.retry_after is not None:
        wait = max(wait, min(answer.retry_after, LONGEST_WAIT))
    return Next(DeliveryState.PENDING, now + wait)


def to_disable(answer: Answer, failing_since: datetime | None, now: datetime) -> Reason | None:
    """Why the endpoint is to be disabled after this attempt; None when it is not."""
    if answer.is_gone:
        return Reason.GONE
    if not answer.is_taken and failing_since is not None and now - failing_since >= DISABLE_AFTER:
        return Reason.FAILING
    return None


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """The Retry-After header (RFC 9110 §10.2.3): seconds, or a date. None when there is none, or it makes no sense."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return timedelta(seconds=int(header)) if len(header) < 10 else LONGEST_WAIT
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
