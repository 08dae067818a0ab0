"""What may be done with an endpoint, and by whom."""

import math
from collections.abc import Iterable
from datetime import timedelta

from metrics_svc.webhooks.record import WEBHOOK, Progress, Webhook, WebhookState
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
