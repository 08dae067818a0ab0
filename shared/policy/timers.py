"""An approved version of a policy document becomes active at its time."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.db.tx import Tx
from shared.policy import commands
from shared.policy.document import Policy
from shared.timers import Handler, Timer


def policy_timers(policies: Sequence[Policy[Any]]) -> Mapping[str, Handler]:
    """The timers of these documents, for the service that owns them."""
    by_name = {policy.name: policy for policy in policies}

    async def activate(tx: Tx, timer: Timer) -> None:
        policy = by_name.get(timer.data["policy"])
        if policy is not None:
            await commands.time_has_come(tx, policy, timer)

    return {commands.ACTIVATION: activate} if policies else {}
