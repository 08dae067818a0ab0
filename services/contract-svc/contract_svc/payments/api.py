"""Routes of payments. Finance books them; everyone who sees the contract sees them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, Field

from contract_svc.payments import commands, queries
from contract_svc.payments.fields import PaymentFields
from contract_svc.payments.record import Allocated, Payment, masked
from contract_svc.payments.rules import PAYMENT_ACTS, RECEIVE
from contract_svc.payments.tables import PAYMENTS
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.fields import PERSONAL, Reason, Time
from shared.http.answer import Answer
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, KeyRequired, Reading
from shared.http.listing import Page, PageRequest
from shared.http.permit import permitted
from shared.money import Money, MoneyIn

router = APIRouter(prefix="/v1/payments", tags=["payments"], route_class=ClinchRoute)


def _positive(money: MoneyIn) -> MoneyIn:
    if money.amount <= 0:
        raise ValueError("A payment must be more than 0. Record money that goes back as a reversal.")
    return money


class PaymentIn(PaymentFields, Body):
    contract_id: UUID
    amount: Annotated[MoneyIn, AfterValidator(_positive), Field(description="In the contract's currency")]
    received_at: Annotated[Time | None, Field(description="When it came in, if not now; never in the future")] = None


class ReversalIn(Body):
    reason: Reason
    reversed_at: Annotated[Time | None, Field(description="When it went back, if not now; never in the future")] = None


class AllocationOut(BaseModel):
    """What a milestone got of a payment. `at`: from when it counted."""

    milestone_id: UUID
    amount: Money
    at: datetime


class PaymentOut(PaymentFields, Answer):
    """`allocations` and `credit` add up to the amount; after a reversal they say what was taken back."""

    id: UUID
    version: int
    contract_id: UUID
    amount: Money
    received_at: datetime
    allocations: list[AllocationOut]
    credit: Money
    reversed_at: datetime | None
    reversal_reason: Annotated[str | None, PERSONAL]
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, payment: Payment, by: Actor, allocations: Sequence[Allocated]) -> "PaymentOut":
        def money(amount: Decimal) -> Money:
            return Money(amount=amount, currency=payment.currency)

        seen = masked(payment, by)
        return cls(
            **{n: getattr(seen, n) for n in cls.model_fields if n in PAYMENTS.names and n not in ("amount", "credit")},
            amount=money(payment.amount),
            credit=money(payment.credit),
            allocations=[AllocationOut(milestone_id=a.milestone_id, amount=money(a.amount), at=a.at) for a in allocations],
            allowed_actions=shown(PAYMENT_ACTS, payment, by),
        )


async def _answers(db: Reader, payments: Sequence[Payment], by: Actor) -> list[PaymentOut]:
    allocations: dict[UUID, list[Allocated]] = defaultdict(list)
    for allocated in await db.all(queries.ALLOCATIONS_OF, payment_ids=[p.id for p in payments]):
        allocations[allocated.payment_id].append(allocated)
    return [PaymentOut.of(payment, by, allocations[payment.id]) for payment in payments]


@router.post("", status_code=201, dependencies=[KeyRequired, permitted(RECEIVE)])
async def receive_payment(body: PaymentIn, tx: InTx, by: CurrentActor) -> PaymentOut:
    """Book money that came in for a signed contract. For finance.

    It pays the milestones that are due, oldest first. The rest is credit for milestones that fall due later.
    """
    payment = await commands.receive(
        tx,
        body.contract_id,
        amount=body.amount.amount,
        currency=body.amount.currency,
        received_at=body.received_at,
        said={n: getattr(body, n) for n in PaymentFields.model_fields},
    )
    return (await _answers(tx, [payment], by))[0]


@router.get("", response_model=queries.LIST.page_of(PaymentOut))
async def list_payments(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor) -> Page[PaymentOut]:
    """Payments of the contracts that you see."""
    found = await queries.LIST.page(db, page, where=queries.ROWS.listed(by), params=queries.ROWS.params(by))
    found.items = await _answers(db, found.items, by)
    return await queries.LIST.embedding(db, by, page, found)


@router.get("/{payment_id}")
async def get_payment(payment_id: UUID, db: Reading, by: CurrentActor) -> PaymentOut:
    """One payment, with what it paid."""
    return (await _answers(db, [await queries.SEEN.get(db, by, payment_id)], by))[0]


@router.post("/{payment_id}/reverse", dependencies=[KeyRequired])
async def reverse_payment(payment_id: UUID, body: ReversalIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> PaymentOut:
    """Record that the money went back: what it paid is open again, and overdue if its due day is past.

    For finance.
    """
    payment = await commands.reverse(tx, payment_id, reason=body.reason, reversed_at=body.reversed_at, expect=expect)
    return (await _answers(tx, [payment], by))[0]
