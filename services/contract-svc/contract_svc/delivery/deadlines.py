"""What another number of days to accept does: to the contracts of the past, as a simulation, and to those that are live, when it moves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Integer, Uuid, bindparam, func, select

from contract_svc.contracts.commands import about
from contract_svc.contracts.record import Contract, ContractState
from contract_svc.contracts.tables import CONTRACT, CONTRACTS
from contract_svc.delivery.commands import ACCEPTANCE_DUE
from contract_svc.delivery.rules import moved_due_day, outcome
from contract_svc.policy import POLICY, ContractPolicy
from shared.calendar import day_of, end_of
from shared.db.query import Query
from shared.db.tables import POLICY_SIMULATION
from shared.db.tx import Database, Tx
from shared.events.contract import ContractAcceptanceMoved
from shared.policy.company import COMPANY_POLICY
from shared.policy.document import Difference, Looked, Simulation
from shared.timers import set_timer

BATCH = 500
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Live:
    """A contract that went live."""

    id: UUID
    live_on: date
    accepted_at: datetime | None
    closed_at: datetime | None


# A report says how things were when it was asked for, by the business's clock.
_ASKED = Query(select(func.max(POLICY_SIMULATION.c.created_at)).where(POLICY_SIMULATION.c.name == bindparam("name")), datetime)
_next = (CONTRACT.c.id > bindparam("after", type_=Uuid), CONTRACT.c.live_on.is_not(None))
_RECENT = Query(
    select(*[CONTRACT.c[name] for name in _Live.__slots__])
    .where(*_next, CONTRACT.c.live_on > bindparam("since", type_=Date))
    .order_by(CONTRACT.c.id)
    .limit(bindparam("most", type_=Integer)),
    _Live,
)
_RUNNING = Query(
    select(*[CONTRACT.c[name] for name in CONTRACTS.names])
    .where(*_next, CONTRACT.c.state == ContractState.ACTIVE.value, CONTRACT.c.accepted_at.is_(None))
    .order_by(CONTRACT.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(),
    Contract,
)


async def simulate(db: Database, active: ContractPolicy, draft: ContractPolicy, days: int) -> AsyncIterator[Looked]:
    """Which contracts that went live in the last days would have been accepted late, or in time."""
    after = _FIRST
    while True:
        async with db.read() as reader:
            zone = ZoneInfo(reader.policy(COMPANY_POLICY).zone)
            now = await reader.one(_ASKED, name=POLICY.name)
            found = await reader.all(_RECENT, after=after, since=day_of(now, zone) - timedelta(days=days), most=BATCH)
        differ = []
        for live in found:
            ends = (end_of(live.live_on + timedelta(days=document.acceptance_days), zone) for document in (active, draft))
            before, then = (outcome(live.accepted_at, live.closed_at, end, now) for end in ends)
            if before != then:
                differ.append(Difference("contract", live.id, before, then))
        yield Looked(len(found), differ)
        if len(found) < BATCH:
            return
        after = found[-1].id


async def move(tx: Tx, _old: ContractPolicy, new: ContractPolicy, after: UUID | None) -> UUID | None:
    """Give a batch of live contracts that are not accepted yet the days of the new version."""
    batch = await tx.all(_RUNNING, after=after or _FIRST, most=BATCH)
    for contract in batch:
        await _move(tx, contract, new)
    return batch[-1].id if len(batch) == BATCH else None


async def _move(tx: Tx, contract: Contract, new: ContractPolicy) -> None:
    assert contract.live_on is not None
    day = moved_due_day(contract.live_on, contract.acceptance_due_day, new.acceptance_days, day_of(tx.now, tx.settings.zone))
    due_at = end_of(day, tx.settings.zone)
    if day == contract.acceptance_due_day:
        return
    told = about(
        ContractAcceptanceMoved,
        contract,
        due_day=day,
        due_at=due_at,
        previous_due_day=contract.acceptance_due_day,
    ).model_copy(update={"policy_version": new.version})
    late = contract.acceptance_overdue and due_at <= tx.now
    await tx.save(
        CONTRACTS,
        contract,
        told,
        at=tx.now,
        acceptance_days=new.acceptance_days,
        acceptance_due_day=day,
        acceptance_due_at=due_at,
        acceptance_overdue=late,
    )
    if not late:
        await set_timer(tx, ACCEPTANCE_DUE, contract.id, due_at)


ACCEPTANCE = Simulation(
    "acceptance", "Contracts that went live in these days: would they have been accepted in time, late, or be waiting?", simulate
)
