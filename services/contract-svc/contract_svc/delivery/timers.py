"""When a contract takes effect, and when an acceptance is late."""

from contract_svc.contracts.commands import about
from contract_svc.contracts.record import ContractState
from contract_svc.contracts.tables import CONTRACTS
from contract_svc.delivery.commands import ACCEPTANCE_DUE, EFFECTIVE, activate
from shared.calendar import day_of, end_of
from shared.db.tx import Tx
from shared.events.contract import ContractAcceptanceOverdue
from shared.timers import Handler, Timer, set_timer


async def effective(tx: Tx, timer: Timer) -> None:
    contract = await tx.load(CONTRACTS, timer.subject)
    if contract.state is ContractState.SIGNED:
        await activate(tx, contract, at=timer.due_at)


async def acceptance_overdue(tx: Tx, timer: Timer) -> None:
    contract = await tx.load(CONTRACTS, timer.subject)
    if contract.state is not ContractState.ACTIVE or contract.accepted_at is not None or contract.acceptance_overdue:
        return
    due_day, over = contract.acceptance_due_day, contract.acceptance_due_at
    if due_day is None or over is None:  # set by an earlier release
        due_day = day_of(over or timer.due_at, tx.settings.zone)
        over = end_of(due_day, tx.settings.zone)
    if over > tx.now:
        await set_timer(tx, ACCEPTANCE_DUE, contract.id, over)
        return
    told = about(ContractAcceptanceOverdue, contract, due_day=due_day, due_at=over)
    await tx.save(CONTRACTS, contract, told, at=over, acceptance_overdue=True, acceptance_due_day=due_day, acceptance_due_at=over)


TIMERS: dict[str, Handler] = {EFFECTIVE: effective, ACCEPTANCE_DUE: acceptance_overdue}
