"""Book payments.

Milestones that are due get the money; the rest is credit until the next one falls due.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import insert, select

from contract_svc.contracts import queries as contracts
from contract_svc.contracts.commands import dimensions
from contract_svc.contracts.record import Contract
from contract_svc.milestones import commands as milestones
from contract_svc.milestones.commands import DATE, Part, settle
from contract_svc.milestones.queries import OF_CONTRACT
from contract_svc.milestones.record import Milestone, MilestoneState, Trigger
from contract_svc.milestones.rules import effective
from contract_svc.payments import queries
from contract_svc.payments.record import Allocated, Payment
from contract_svc.payments.rules import RECEIVE, REVERSE, allocate
from contract_svc.payments.tables import ALLOCATION, PAYMENTS
from shared.calendar import start_of
from shared.clock import happened
from shared.db.query import Query, columns, rows_param
from shared.db.tx import Tx
from shared.errors import Invalid
from shared.events.contract import Allocation, PaymentAllocated, PaymentEvent, PaymentReceived, PaymentReversed
from shared.events.envelope import Money
from shared.ids import new_id
from shared.money import too_fine
from shared.timers import set_timer

E = TypeVar("E", bound=PaymentEvent)
_NAMES = tuple(Allocated.__dataclass_fields__)
_given = rows_param(ALLOCATION, *_NAMES)
_ALLOCATE = Query(insert(ALLOCATION).from_select(_NAMES, select(*[_given.c[n] for n in _NAMES])), UUID)


async def receive(
    tx: Tx, contract_id: UUID, *, amount: Decimal, currency: str, received_at: datetime | None, said: Mapping[str, Any]
) -> Payment:
    """Book money that came in: it pays what is due, oldest first, and the rest is credit.

    `said`: the fields of a payment.
    """
    contract = await contracts.SEEN.load(tx, contract_id)
    RECEIVE.check(contract, tx.actor)
    if currency != contract.currency:
        raise Invalid(f"The contract is in {contract.currency}.", pointer="/amount/currency", code="other_currency")
    if says := too_fine(amount, currency):
        raise Invalid(says, pointer="/amount/amount", code="too_fine")
    at = happened(received_at, tx.now, field="received_at")
    parts, credit = allocate(amount, await tx.all(OF_CONTRACT, contract_id=contract.id))
    payment = Payment(
        id=new_id(),
        version=0,
        contract_id=contract.id,
        amount=amount,
        currency=currency,
        received_at=at,
        credit=credit,
        created_at=tx.now,
        updated_at=tx.now,
        **said,
    )
    told = about(PaymentReceived, contract, payment, parts, signed_at=_signed_at(contract))
    payment = await tx.add(PAYMENTS, payment, told, at=at)
    await _give(tx, contract, payment, parts, at)
    await settle(tx, contract, at=at)
    return payment


async def reverse(tx: Tx, payment_id: UUID, *, reason: str, reversed_at: datetime | None, expect: int | None) -> Payment:
    """Record that the money went back: what it paid is open again.

    Then credit of other payments goes to what is open.
    """
    seen = await queries.SEEN.get(tx, tx.actor, payment_id)
    contract = await contracts.SEEN.load(tx, seen.contract_id)
    payment = await tx.load(PAYMENTS, payment_id, expect)
    REVERSE.check(payment, tx.actor)
    at = happened(reversed_at, tx.now, since=payment.received_at, field="reversed_at")
    given: dict[UUID, Decimal] = defaultdict(Decimal)
    for allocated in await tx.all(queries.ALLOCATIONS_OF, payment_ids=[payment.id]):
        given[allocated.milestone_id] += allocated.amount
    parts = [(m, given[m.id]) for m in await tx.all(OF_CONTRACT, contract_id=contract.id) if m.id in given]
    told = about(PaymentReversed, contract, payment, parts, reversed_at=at, reason=reason)
    payment = await tx.save(PAYMENTS, payment, told, at=at, reversed_at=at, reversal_reason=reason)
    await milestones.take_back(tx, contract, parts, at=at)
    await _use_credit(tx, contract, at)
    await settle(tx, contract, at=at)
    return payment


async def trigger(tx: Tx, contract: Contract, what: Trigger, *, at: datetime) -> Contract:
    """Make the milestones fall due that wait for this, and give them credit.

    Signing also starts those that wait for a date.
    """
    waiting = [m for m in await tx.all(OF_CONTRACT, contract_id=contract.id) if m.state is MilestoneState.PLANNED]
    due = [(m, at) for m in waiting if m.trigger is what]
    if what is Trigger.SIGNED:
        due += await _dated(tx, contract, [m for m in waiting if m.trigger is Trigger.DATE], at)
    return await fall_due(tx, contract, due, at=at)


async def _dated(tx: Tx, contract: Contract, waiting: Sequence[Milestone], signed_at: datetime) -> list[tuple[Milestone, datetime]]:
    """Those whose day has come, but not before the signature. Set a timer for the others."""
    due = []
    for milestone in waiting:
        day = start_of(milestone.due_on, tx.settings.zone) if milestone.due_on else signed_at
        if day <= tx.now:
            due.append((milestone, max(day, signed_at)))
        else:
            await set_timer(tx, DATE, milestone.id, day, {"contract_id": contract.id})
    return due


async def fall_due(tx: Tx, contract: Contract, due: Sequence[tuple[Milestone, datetime]], *, at: datetime) -> Contract:
    """Make these fall due, each at its time. `at`: when what triggered them happened."""
    await milestones.fall_due(tx, contract, due)
    await _use_credit(tx, contract, at)
    return await settle(tx, contract, at=at)


async def _use_credit(tx: Tx, contract: Contract, at: datetime) -> None:
    """Give the credit of earlier payments, oldest first, to what is due now."""
    for payment in await tx.all(queries.WITH_CREDIT, contract_id=contract.id):
        parts, credit = allocate(payment.credit, await tx.all(OF_CONTRACT, contract_id=contract.id))
        if not parts:
            return
        when = max(at, *(effective(m, payment.received_at) for m, _ in parts))
        told = about(PaymentAllocated, contract, payment, parts, credit=credit, signed_at=_signed_at(contract))
        payment = await tx.save(PAYMENTS, payment, told, at=when, credit=credit)
        await _give(tx, contract, payment, parts, when)


async def _give(tx: Tx, contract: Contract, payment: Payment, parts: Sequence[Part], at: datetime) -> None:
    if parts:
        rows = [Allocated(id=new_id(), payment_id=payment.id, milestone_id=m.id, amount=part, at=effective(m, at)) for m, part in parts]
        await tx.run(_ALLOCATE, **columns(rows, _NAMES))
        await milestones.pay(tx, contract, parts, at=at)


def _signed_at(contract: Contract) -> datetime:
    assert contract.signed_at is not None, "only signed contracts are paid"
    return contract.signed_at


def about(event: type[E], contract: Contract, payment: Payment, parts: Sequence[Part], **more: Any) -> E:
    """The event, with what it carries of the payment's fields and of its contract's.

    `parts`: what it gave to milestones, or took back.
    """
    return event.of(
        payment,
        **dimensions(contract),
        deal_id=contract.deal_id,
        account_id=contract.account_id,
        fx=contract.fx,
        amount=Money(amount=payment.amount, currency=payment.currency),
        allocations=[
            Allocation(milestone_id=m.id, position=m.position, amount=part, due_day=m.due_day, due_at=m.due_at) for m, part in parts
        ],
        **more,
    )
