"""Take effect, go live, accept, terminate."""

from datetime import date, datetime, timedelta
from uuid import UUID

from contract_svc.contracts.commands import about
from contract_svc.contracts.queries import SEEN
from contract_svc.contracts.record import Contract, ContractState
from contract_svc.contracts.tables import CONTRACTS
from contract_svc.delivery.rules import ACCEPT, GO_LIVE, TERMINATE
from contract_svc.milestones import commands as milestones
from contract_svc.milestones.record import MilestoneState, Trigger
from contract_svc.payments.commands import trigger
from shared.calendar import day_of, end_of, start_of
from shared.db.tx import Tx
from shared.errors import Invalid
from shared.events.contract import ContractAccepted, ContractActivated, ContractTerminated, ContractWentLive
from shared.occurred import happened
from shared.timers import cancel_timers, set_timer

EFFECTIVE = "contract_effective"
"""The timer of a contract that starts later."""


async def take_effect(tx: Tx, contract: Contract, at: datetime) -> Contract:
    """signed → active when the contract starts: now if that is past, otherwise by a timer."""
    if at <= tx.now:
        return await activate(tx, contract, at=at)
    await set_timer(tx, EFFECTIVE, contract.id, at)
    return contract


async def activate(tx: Tx, contract: Contract, *, at: datetime) -> Contract:
    return await tx.save(CONTRACTS, contract, about(ContractActivated, contract), at=at, state=ContractState.ACTIVE)


async def go_live(tx: Tx, contract_id: UUID, *, live_on: date | None, work: bool, expect: int | None) -> Contract:
    """Record go-live: the next milestone falls due, and the customer has the contract's days to accept.

    One of long ago starts no deadline unless `work` says so.
    """
    contract = await SEEN.load(tx, contract_id, expect)
    GO_LIVE.check(contract, tx.actor)
    at = _on(tx, contract, live_on)
    day = day_of(at, tx.settings.zone)
    due_day = day + timedelta(days=contract.acceptance_days)
    due_at = end_of(due_day, tx.settings.zone)
    due = {"acceptance_due_day": due_day, "acceptance_due_at": due_at}
    told = about(ContractWentLive, contract, committed_on=contract.committed_go_live_on, live_on=day, work=work, **due)
    contract = await tx.save(CONTRACTS, contract, told, at=at, live_on=day, live_at=at, **due)
    return await trigger(tx, contract, Trigger.GO_LIVE, at=at)


def _on(tx: Tx, contract: Contract, day: date | None) -> datetime:
    """The time for a day: now for today, else its beginning, but not before the signature."""
    today = day_of(tx.now, tx.settings.zone)
    if day is None or day == today:
        return tx.now
    if day > today:
        raise Invalid("live_on is in the future. Record the go-live when it has happened.", pointer="/live_on", code="future")
    assert contract.signed_at is not None, "an active contract is signed"
    if day < day_of(contract.signed_at, tx.settings.zone):
        raise Invalid("live_on is before the signature.", pointer="/live_on", code="before_previous")
    return max(start_of(day, tx.settings.zone), contract.signed_at)


async def accept(tx: Tx, contract_id: UUID, *, accepted_at: datetime | None, expect: int | None) -> Contract:
    """Record the acceptance: the final milestone falls due."""
    contract = await SEEN.load(tx, contract_id, expect)
    ACCEPT.check(contract, tx.actor)
    at = happened(tx, accepted_at, since=contract.live_at, field="accepted_at")
    told = about(ContractAccepted, contract, accepted_at=at, due_day=contract.acceptance_due_day, due_at=contract.acceptance_due_at)
    contract = await tx.save(CONTRACTS, contract, told, at=at, accepted_at=at)
    return await trigger(tx, contract, Trigger.ACCEPTED, at=at)


async def terminate(tx: Tx, contract_id: UUID, *, reason: str, expect: int | None, at: datetime | None) -> Contract:
    """active → terminated. What is due stays due; what is not yet due is waived."""
    contract = await SEEN.load(tx, contract_id, expect)
    TERMINATE.check(contract, tx.actor)
    when = happened(tx, at, since=contract.signed_at)
    await milestones.waive_open(tx, contract, "The contract was terminated.", at=when, which=lambda m: m.state is MilestoneState.PLANNED)
    await cancel_timers(tx, contract.id)
    told = about(ContractTerminated, contract, reason=reason)
    contract = await tx.save(CONTRACTS, contract, told, at=when, state=ContractState.TERMINATED, closed_at=when, close_reason=reason)
    return await milestones.settle(tx, contract, at=when)
