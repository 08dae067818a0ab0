"""When a contract takes effect."""

from contract_svc.contracts.record import ContractState
from contract_svc.contracts.tables import CONTRACTS
from contract_svc.delivery.commands import EFFECTIVE, activate
from contract_svc.delivery.deadlines import ACCEPTANCE
from shared.db.tx import Tx
from shared.deadlines import commands as clocks
from shared.timers import Handler, Timer

ACCEPTANCE_DUE = "contract_acceptance"
"""Set by the release before, which may still be at work while this one migrates."""


async def effective(tx: Tx, timer: Timer) -> None:
    contract = await tx.load(CONTRACTS, timer.subject)
    if contract.state is ContractState.SIGNED:
        await activate(tx, contract, at=timer.due_at)


async def acceptance_due(tx: Tx, timer: Timer) -> None:
    """Start the deadline that the release before did not know of: it is over at once."""
    contract = await tx.load(CONTRACTS, timer.subject)
    known = (await clocks.of_records(tx, [contract.id]))[contract.id]
    waits = contract.state is ContractState.ACTIVE and contract.accepted_at is None and contract.acceptance_due_at == timer.due_at
    if waits and contract.live_at is not None and not any(d.name == ACCEPTANCE.name for d in known):
        await clocks.start(tx, ACCEPTANCE, contract.id, started_at=contract.live_at, due_at=timer.due_at)


TIMERS: dict[str, Handler] = {EFFECTIVE: effective, ACCEPTANCE_DUE: acceptance_due}
