"""After the signature: taking effect, going live, acceptance, the early end."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from contract_svc.contracts.record import CONTRACT, Contract, ContractState
from shared.acts import Act, who
from shared.auth.actor import LEADERS, Actor, Role
from shared.errors import Unmet
from shared.events.contract import ContractAcceptanceMoved, ContractAccepted, ContractActivated, ContractTerminated, ContractWentLive

DELIVERER = who(*LEADERS, Role.csm, Role.assistant, own=(Role.rep, Role.kam))
"""Customer success and assistants may record a delivery for the owner."""

TAKE_EFFECT: Act[Contract, None] = Act(
    of=CONTRACT,
    name="take_effect",
    states=(ContractState.SIGNED,),
    to=(ContractState.ACTIVE,),
    tells=(ContractActivated,),
    says="Makes it active on the day it starts.",
)


def _go_live_needs(contract: Contract, _: None, by: Actor) -> Iterable[Unmet]:
    if contract.live_on is not None:
        yield Unmet("live", f"It went live on {contract.live_on}.")


GO_LIVE: Act[Contract, None] = Act(
    of=CONTRACT,
    name="go_live",
    operation="go_live",
    who=DELIVERER,
    states=(ContractState.ACTIVE,),
    needs=_go_live_needs,
    tells=(ContractWentLive,),
    refused="The contract cannot go live.",
    code="contract_cannot_go_live",
    says="Records that the customer works with it: the milestone of go-live falls due, and the days to accept begin, 30 by default.",
    asks="It is not live yet.",
)


def _accept_needs(contract: Contract, _: None, by: Actor) -> Iterable[Unmet]:
    if contract.live_on is None:
        yield Unmet("not_live", "It is not live yet.")
    if contract.accepted_at is not None:
        yield Unmet("accepted", "It is accepted already.")


ACCEPT: Act[Contract, None] = Act(
    of=CONTRACT,
    name="accept",
    operation="accept_delivery",
    who=DELIVERER,
    states=(ContractState.ACTIVE,),
    needs=_accept_needs,
    tells=(ContractAccepted,),
    refused="The acceptance cannot be recorded.",
    code="contract_not_acceptable",
    says="Records that the customer accepted the delivery: the final milestone falls due.",
    asks="It is live, and not accepted yet.",
)
MOVE_ACCEPTANCE: Act[Contract, None] = Act(
    of=CONTRACT,
    name="move_acceptance",
    states=(ContractState.ACTIVE,),
    tells=(ContractAcceptanceMoved,),
    says="Gives a contract that is live and not accepted another day to accept, because a policy says that it holds for what runs.",
)
TERMINATE: Act[Contract, None] = Act(
    of=CONTRACT,
    name="terminate",
    operation="terminate_contract",
    who=who(*LEADERS),
    states=(ContractState.ACTIVE,),
    to=(ContractState.TERMINATED,),
    tells=(ContractTerminated,),
    refused="The contract cannot be terminated.",
    code="contract_not_terminable",
    says="Ends it early. What is due stays due; what has not fallen due is waived.",
    sample=lambda *_: {"reason": "Ended early"},
)


def moved_due_day(live_on: date, due_day: date | None, days: int, today: date) -> date:
    """The last day to accept under another number of days.

    A shorter time ends today at the earliest, and never later than before: the move itself makes nobody late.
    """
    day = live_on + timedelta(days=days)
    return day if due_day is None or day >= due_day else min(due_day, max(day, today))


def outcome(accepted_at: datetime | None, closed_at: datetime | None, due_at: datetime, now: datetime) -> str:
    """How the acceptance of a contract that must be accepted before `due_at` stands: in time, late, or open."""
    if (accepted_at or closed_at or now) >= due_at:
        return "late"
    return "open" if accepted_at is None else "in_time"
