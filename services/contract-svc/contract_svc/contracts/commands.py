"""Editing drafts, and what a contract becomes by its milestones. The contract is locked first, always: it orders all that is its own."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from contract_svc.contracts import rules
from contract_svc.contracts.queries import SEEN
from contract_svc.contracts.rules import Contract, State
from contract_svc.contracts.tables import CONTRACTS
from contract_svc.milestones.queries import OF_CONTRACT
from shared.clock import happened
from shared.db.tx import Tx
from shared.errors import require
from shared.events.contract import ContractChanged, ContractCompleted, ContractPaidInFull, ContractPaymentReopened, ContractReopened
from shared.events.envelope import Event, Money


def dimensions(contract: Contract) -> dict[str, Any]:
    """What figures about the contract are broken down by, as every event of it carries them."""
    return {n: getattr(contract, n) for n in ("owner_id", "team_id", "source", "product", "region")}


def about(contract: Contract) -> dict[str, Any]:
    """What every event of a contract carries."""
    return {
        **dimensions(contract),
        **{n: getattr(contract, n) for n in ("deal_id", "quote_id", "account_id", "number", "revision", "fx")},
        "total": Money(amount=contract.total, currency=contract.currency),
    }


async def edit(tx: Tx, contract_id: UUID, *, expect: int | None, at: datetime | None, changes: dict[str, Any]) -> Contract:
    """Set fields of a draft; of its sections those that are given."""
    contract = await SEEN.load(tx, contract_id, expect)
    after = {**changes, "sections": {**contract.sections, **changes.get("sections", {})}}
    unmet = [
        *rules.edit_unmet(contract, tx.actor),
        *rules.term_unmet(after.get("starts_on", contract.starts_on), after.get("ends_on", contract.ends_on)),
    ]
    require(unmet, "The contract cannot be changed.", "contract_not_changeable")
    return await change(tx, contract, at=happened(at, tx.now, since=contract.drafted_at), **after)


async def change(tx: Tx, contract: Contract, *, at: datetime, **changes: Any) -> Contract:
    """Set fields of a locked contract, and tell which of them are different now; nothing is told when none is."""
    changed = {name: value for name, value in changes.items() if getattr(contract, name) != value}
    if not changed:
        return contract
    told = ContractChanged(**about(replace(contract, **changed)), changed=sorted(changed))
    return await tx.save(CONTRACTS, contract, told, at=at, **changed)


async def settle(tx: Tx, contract: Contract, *, at: datetime) -> Contract:
    """After its milestones changed: paid in full or open again; and completed, once it is delivered and accepted too.

    `at`: when the last of what was done to them happened. Both outcomes bear the time from which they were true.
    """
    milestones = await tx.all(OF_CONTRACT, contract_id=contract.id)
    if any(m.outstanding for m in milestones):
        if contract.paid_at is None:
            return contract
        told: list[Event] = [ContractPaymentReopened(**about(contract))]
        if contract.state is not State.COMPLETED:
            return await tx.save(CONTRACTS, contract, *told, at=at, paid_at=None)
        told.append(ContractReopened(**about(contract)))
        return await tx.save(CONTRACTS, contract, *told, at=at, paid_at=None, state=State.ACTIVE, closed_at=None)
    settled_at = max((m.settled_at for m in milestones if m.settled_at), default=at)
    if contract.paid_at is None and any(m.paid for m in milestones):
        paid = ContractPaidInFull(**about(contract), paid_at=settled_at)
        contract = await tx.save(CONTRACTS, contract, paid, at=settled_at, paid_at=settled_at)
    if contract.state is State.ACTIVE and contract.accepted_at is not None:
        done_at = max(settled_at, contract.accepted_at)
        completed = ContractCompleted(**about(contract))
        contract = await tx.save(CONTRACTS, contract, completed, at=done_at, state=State.COMPLETED, closed_at=done_at)
    return contract
