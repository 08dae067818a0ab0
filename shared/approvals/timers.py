"""The timers that tell when a step of an approval is open beyond its time."""

from shared.approvals.commands import Approvals, escalate
from shared.db.tx import Tx
from shared.timers import Handler, Timer


def timers_of(*declared: Approvals) -> dict[str, Handler]:
    """The timers of these approvals, for the service that has them."""
    return {of.timer: _escalating(of) for of in declared}


def _escalating(of: Approvals) -> Handler:
    async def overdue(tx: Tx, timer: Timer) -> None:
        await escalate(tx, of, timer.subject)

    return overdue
