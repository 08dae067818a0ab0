"""The days to accept: as a deadline, and what another number of them does, simulated on the past, and to what is live."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Integer, Uuid, bindparam, func, select

from contract_svc.contracts.commands import about
from contract_svc.contracts.record import ACCEPTANCE as NAME
from contract_svc.contracts.record import Contract, ContractState
from contract_svc.contracts.tables import CONTRACT, CONTRACTS
from contract_svc.delivery.rules import moved_due_day, outcome
from contract_svc.policy import POLICY, ContractPolicy
from shared.calendar import day_of, end_of
from shared.db.database import Database
from shared.db.outbox import Told
from shared.db.query import Query
from shared.db.tables import POLICY_SIMULATION
from shared.db.tx import Tx
from shared.deadlines import commands as clocks
from shared.deadlines.record import Clocks, Deadline, Running
from shared.events.contract import (
    ContractAcceptanceMoved,
    ContractAcceptanceOverdue,
    ContractAccepted,
    ContractDeadlineEvent,
    ContractDeadlineMet,
    ContractDeadlineMissed,
    ContractDeadlinePaused,
    ContractDeadlineStarted,
    ContractDeadlineStopped,
    ContractDeadlineWarned,
    ContractTerminated,
    ContractWentLive,
)
from shared.policy.company import COMPANY_POLICY
from shared.policy.document import Difference, Looked, Simulation

BATCH = 500


def _tells(event: type[ContractDeadlineEvent], contract: Contract, **more: Any) -> ContractDeadlineEvent:
    return about(event, contract, contract_id=contract.id, **more)


def _warns(tx: Tx, _started_at: datetime, due_at: datetime) -> datetime | None:
    days = tx.policy(POLICY).acceptance_warn_days
    return due_at - timedelta(days=days) if days else None


def _ends(_tx: Tx, told: Told) -> datetime:
    assert isinstance(told.event, ContractWentLive)
    return told.event.acceptance_due_at


async def _due_day(_tx: Tx, contract: Contract, _running: Running) -> Mapping[str, Any]:
    return {"due_day": contract.acceptance_due_day}


CLOCKS = Clocks(
    of=CONTRACTS,
    tells=_tells,
    started=ContractDeadlineStarted,
    warned=ContractDeadlineWarned,
    missed=ContractDeadlineMissed,
    met=ContractDeadlineMet,
    paused=ContractDeadlinePaused,
    stopped=ContractDeadlineStopped,
)
ACCEPTANCE = Deadline(
    name=NAME,
    clocks=CLOCKS,
    starts={ContractWentLive: _ends},
    meets=(ContractAccepted,),
    stops=(ContractTerminated,),
    warns=_warns,
    asked=lambda event: isinstance(event, ContractWentLive) and event.work,
    missed=ContractAcceptanceOverdue,
    more=_due_day,
)
DEADLINES = (ACCEPTANCE,)

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
    await tx.save(
        CONTRACTS,
        contract,
        told,
        at=tx.now,
        acceptance_days=new.acceptance_days,
        acceptance_due_day=day,
        acceptance_due_at=due_at,
    )
    await clocks.move(tx, ACCEPTANCE, contract.id, due_at)


SIMULATION = Simulation(
    "acceptance", "Contracts that went live in these days: would they have been accepted in time, late, or be waiting?", simulate
)
