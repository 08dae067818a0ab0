"""When a contract takes effect, and when an acceptance is late."""

from contract_svc.contracts.commands import about
from contract_svc.contracts.rules import State
from contract_svc.contracts.tables import CONTRACTS
from contract_svc.delivery.commands import ACCEPT, EFFECTIVE, activate
from shared.db import Tx
from shared.events.contract import ContractAcceptanceOverdue
from shared.timers import Handler, Timer


async def effective(tx: Tx, timer: Timer) -> None:
    contract = await tx.load(CONTRACTS, timer.subject)
    if contract.state is State.SIGNED:
        await activate(tx, contract, at=timer.due_at)


async def acceptance_overdue(tx: Tx, timer: Timer) -> None:
    contract = await tx.load(CONTRACTS, timer.subject)
    if contract.state is State.ACTIVE and contract.accepted_at is None and not contract.acceptance_overdue:
        told = ContractAcceptanceOverdue(**about(contract), due_day=contract.acceptance_due_day, due_at=timer.due_at)
        await tx.save(CONTRACTS, contract, told, at=timer.due_at, acceptance_overdue=True)


TIMERS: dict[str, Handler] = {EFFECTIVE: effective, ACCEPT: acceptance_overdue}
