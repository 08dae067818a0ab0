"""What may be done with a channel, and by whom."""

from datetime import timedelta

from metrics_svc.notifications.record import CHANNEL, ChannelState
from shared.acts import Act, who
from shared.auth.actor import Role
from shared.errors import Unmet
from shared.events.metrics import (
    NotificationChannelChanged,
    NotificationChannelDisabled,
    NotificationChannelEnabled,
    NotificationChannelRedelivered,
    NotificationChannelRegistered,
    NotificationChannelRemoved,
)

_KEEPERS = who(Role.admin, Role.ops)
"""A channel is told of the whole company's records, so only those who see all of them may keep one."""
_PRESENT = (ChannelState.ACTIVE, ChannelState.DISABLED)


def register_unmet(channels: int, most: int) -> list[Unmet]:
    return [Unmet("too_many", f"There are {channels} channels, and {most} at most: remove one first.")] if channels >= most else []


READ = Act(
    of=CHANNEL,
    name="read",
    operation="get_notification_channel",
    who=_KEEPERS,
    states=_PRESENT,
    says="Shows channels, how they do, and what was sent there.",
)
REGISTER = Act(
    of=CHANNEL,
    name="register",
    operation="register_notification_channel",
    who=_KEEPERS,
    refused="No more channels can be registered.",
    code="too_many",
    makes=True,
    to=(ChannelState.ACTIVE,),
    tells=(NotificationChannelRegistered,),
    says="Has chosen events told in a group chat, or by mail.",
    asks="Fewer channels than the policy allows; an address that may be sent to; for mail a mail server.",
    sample=lambda _channel, _by: {
        "name": "Wins",
        "kind": "slack",
        "types": ["clinch.deal.won.v1"],
        "address": "https://8.8.8.8/services/T0/B0/x",
    },
)
CHANGE = Act(
    of=CHANNEL,
    name="change",
    operation="update_notification_channel",
    who=_KEEPERS,
    states=_PRESENT,
    tells=(NotificationChannelChanged,),
    says="Changes what is told, in which language, and where to.",
    asks="An address that may be sent to.",
    sample=lambda _channel, _by: {"name": "Wins and losses"},
)
ENABLE = Act(
    of=CHANNEL,
    name="enable",
    operation=None,  # that of `change`, with `enabled` true
    who=_KEEPERS,
    states=(ChannelState.DISABLED,),
    to=(ChannelState.ACTIVE,),
    tells=(NotificationChannelEnabled,),
    says="Tells again what happens from now on: a change of `enabled`. What happened meanwhile is no news.",
)
DISABLE = Act(
    of=CHANNEL,
    name="disable",
    operation=None,  # that of `change`, with `enabled` false; or the worker does it
    who=_KEEPERS,
    states=(ChannelState.ACTIVE,),
    to=(ChannelState.DISABLED,),
    tells=(NotificationChannelDisabled,),
    says="Tells nothing until it is enabled: a change of `enabled`. The worker does it when the receiver answers 410, or has taken "
    "nothing for the days that the policy names.",
)
PING = Act(
    of=CHANNEL,
    name="ping",
    operation="ping_notification_channel",
    who=_KEEPERS,
    states=_PRESENT,
    says="Writes a line there now, and tells what the receiver said.",
)
REDELIVER = Act(
    of=CHANNEL,
    name="redeliver",
    operation="redeliver_notification_channel",
    who=_KEEPERS,
    refused="Nothing can be sent.",
    code="disabled",
    states=(ChannelState.ACTIVE,),
    wrong_state=Unmet("disabled", "The channel is disabled: enable it first."),
    tells=(NotificationChannelRedelivered,),
    says="Sends again what was sent before: one message, or all of a time and state.",
    sample=lambda channel, _by: {
        "since": channel.created_at.isoformat(),
        "until": (channel.created_at + timedelta(days=1)).isoformat(),
    },
)
REMOVE = Act(
    of=CHANNEL,
    name="remove",
    operation="remove_notification_channel",
    who=_KEEPERS,
    states=_PRESENT,
    to=(ChannelState.REMOVED,),
    tells=(NotificationChannelRemoved,),
    says="Tells nothing any more; the channel, its address and its messages are gone.",
)
ACTS = (CHANGE, PING, REDELIVER, REMOVE)
"""The acts that a channel lists as `allowed_actions`."""
MOVES = (REGISTER, ENABLE, DISABLE, REMOVE)
"""The acts that move its state."""
