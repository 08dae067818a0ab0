"""After the signature: going live, acceptance, the early end. Pure."""

from contract_svc.contracts.rules import LEADING, Contract, State, responsible_unmet, state_unmet
from shared.auth.actor import Actor, Role
from shared.errors import Unmet

DELIVERING = (Role.csm, Role.assistant)
"""They may tell of a delivery for the owner."""


def go_live_unmet(contract: Contract, by: Actor) -> list[Unmet]:
    unmet = [*state_unmet(contract, State.ACTIVE), *responsible_unmet(contract, by, *DELIVERING)]
    if contract.live_on is not None:
        unmet.append(Unmet("live", f"It went live on {contract.live_on}."))
    return unmet


def accept_unmet(contract: Contract, by: Actor) -> list[Unmet]:
    unmet = [*state_unmet(contract, State.ACTIVE), *responsible_unmet(contract, by, *DELIVERING)]
    if contract.live_on is None:
        unmet.append(Unmet("not_live", "It is not live yet."))
    if contract.accepted_at is not None:
        unmet.append(Unmet("accepted", "It is accepted already."))
    return unmet


def terminate_unmet(contract: Contract, by: Actor) -> list[Unmet]:
    who = [] if by.has(*LEADING) else [Unmet("not_manager", "Only a manager or a director terminates a contract.")]
    return [*state_unmet(contract, State.ACTIVE), *who]
