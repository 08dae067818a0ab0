"""What may be done with an endpoint and by whom; when a delivery is tried again, and when to give up."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from metrics_svc.numbers import Webhooks as Numbers
from metrics_svc.webhooks.record import WEBHOOK, DeliveryState, DisableReason, Progress, Webhook, WebhookState
from shared.acts import Act, who
from shared.auth.actor import Actor, Role
from shared.errors import Pending, Unmet
from shared.events.metrics import (
    WebhookChanged,
    WebhookDisabled,
    WebhookEnabled,
    WebhookRedelivered,
    WebhookRegistered,
    WebhookRemoved,
    WebhookSecretRotated,
)

AT_ONCE = 4
"""Deliveries in flight to one endpoint; to one that is failing, a single one."""
JITTER = 0.2
"""A wait is longer or shorter by up to this part, so that what failed together is not sent again together."""
KEPT_ATTEMPTS = 20


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
    """The indexes of patterns that no event of the contract matches: misspelt, or no longer told."""
    return [n for n, pattern in enumerate(patterns) if not any(matches(pattern, type_) for type_ in known)]


# -- Acts ------------------------------------------------------------------------------------------------------------------


def register_unmet(endpoints: int, most: int) -> list[Unmet]:
    return [Unmet("too_many", f"There are {endpoints} endpoints, and {most} at most: remove one first.")] if endpoints >= most else []


def _rotating(_webhook: Webhook, progress: Progress, _by: Actor) -> Iterable[Unmet]:
    """A second rotation would cut off receivers that have not taken up the first."""
    if progress.old_until is not None and progress.old_until > progress.now:
        says = f"The old secret still signs until {progress.old_until:%Y-%m-%d %H:%M} UTC; end it at once with keep_old false."
        yield Pending("rotating", says, seconds=math.ceil((progress.old_until - progress.now).total_seconds()))


_KEEPERS = who(Role.admin, Role.ops)
"""An endpoint is sent the whole company's events, so only those who see all of them may keep one."""
_PRESENT = (WebhookState.ACTIVE, WebhookState.DISABLED)

READ = Act(
    of=WEBHOOK,
    name="read",
    operation="get_webhook",
    who=_KEEPERS,
    states=_PRESENT,
    says="Shows endpoints, how they do, and their deliveries.",
)
REGISTER = Act(
    of=WEBHOOK,
    name="register",
    operation="register_webhook",
    who=_KEEPERS,
    refused="No more endpoints can be registered.",
    code="too_many",
    makes=True,
    to=(WebhookState.ACTIVE,),
    tells=(WebhookRegistered,),
    says="Has events of chosen types sent to an address. Its secret is shown this once.",
    asks="Fewer endpoints than the policy allows, and an address that may be sent to.",
    sample=lambda _webhook, _by: {"url": "https://8.8.8.8/hooks", "types": ["clinch.deal.*"]},
)
CHANGE = Act(
    of=WEBHOOK,
    name="change",
    operation="update_webhook",
    who=_KEEPERS,
    states=_PRESENT,
    tells=(WebhookChanged,),
    says="Changes what is sent and where to.",
    asks="An address that may be sent to.",
    sample=lambda _webhook, _by: {"description": "Orders"},
)
ENABLE = Act(
    of=WEBHOOK,
    name="enable",
    operation=None,  # that of `change`, with `enabled` true
    who=_KEEPERS,
    states=(WebhookState.DISABLED,),
    to=(WebhookState.ACTIVE,),
    tells=(WebhookEnabled,),
    says="Sends again, from where it stopped, as far as the feed still holds it: a change of `enabled`.",
)
DISABLE = Act(
    of=WEBHOOK,
    name="disable",
    operation=None,  # that of `change`, with `enabled` false; or the worker does it
    who=_KEEPERS,
    states=(WebhookState.ACTIVE,),
    to=(WebhookState.DISABLED,),
    tells=(WebhookDisabled,),
    says="Sends nothing until it is enabled: a change of `enabled`. The worker does it when the receiver answers 410, or has taken "
    "nothing for the days that the policy names.",
)
ROTATE_SECRET = Act(
    of=WEBHOOK,
    name="rotate_secret",
    operation="rotate_webhook_secret",
    who=_KEEPERS,
    refused="The secret is being rotated already.",
    code="rotating",
    states=_PRESENT,
    needs=_rotating,
    tells=(WebhookSecretRotated,),
    says="Makes a new secret. The old one signs beside it for a while, unless it is ended at once.",
    asks="No old secret that still signs, unless all old ones are ended at once.",
)
PING = Act(
    of=WEBHOOK,
    name="ping",
    operation="ping_webhook",
    who=_KEEPERS,
    states=_PRESENT,
    says="Sends a test delivery and tells what the receiver said.",
)
REDELIVER = Act(
    of=WEBHOOK,
    name="redeliver",
    operation="redeliver_webhook",
    who=_KEEPERS,
    refused="Nothing can be sent.",
    code="disabled",
    states=(WebhookState.ACTIVE,),
    wrong_state=Unmet("disabled", "The endpoint is disabled: enable it first."),
    tells=(WebhookRedelivered,),
    says="Sends again what was sent before: one delivery, or all of a time and state.",
    sample=lambda webhook, _by: {"since": webhook.created_at.isoformat(), "until": (webhook.created_at + timedelta(days=1)).isoformat()},
)
REMOVE = Act(
    of=WEBHOOK,
    name="remove",
    operation="remove_webhook",
    who=_KEEPERS,
    states=_PRESENT,
    to=(WebhookState.REMOVED,),
    tells=(WebhookRemoved,),
    says="Sends nothing any more; the endpoint and its deliveries are gone.",
)
ACTS = (CHANGE, ROTATE_SECRET, PING, REDELIVER, REMOVE)
"""The acts that an endpoint lists as `allowed_actions`."""
MOVES = (REGISTER, ENABLE, DISABLE, REMOVE)
"""The acts that move its state."""


# -- After an attempt ------------------------------------------------------------------------------------------------------


def after(tries: int, answer: Answer, now: datetime, jitter: float, by: Numbers) -> Next:
    """`tries` is how many there were, this one included; `jitter` is from -1 to 1; `by` are the numbers of the policy."""
    if answer.is_taken:
        return Next(DeliveryState.DELIVERED, None)
    if answer.is_gone or tries > len(by.back_off_seconds):
        return Next(DeliveryState.FAILED, None)
    wait = timedelta(seconds=by.back_off_seconds[tries - 1]) * (1 + JITTER * jitter)
    if answer.status in (429, 503) and answer.retry_after is not None:
        wait = max(wait, min(answer.retry_after, timedelta(hours=by.longest_wait_hours)))
    return Next(DeliveryState.PENDING, now + wait)


def to_disable(answer: Answer, failing_since: datetime | None, now: datetime, by: Numbers) -> DisableReason | None:
    """Why the endpoint is to be disabled after this attempt; None when it is not."""
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
