"""Routes of payments. Finance books them; who sees the contract sees them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, Field

from contract_svc.payments import commands, queries
from contract_svc.payments.rules import BOOKING, Allocated, Channel, Payment, reverse_unmet, shown
from shared.auth import Actor, CurrentActor, require
from shared.db import scope
from shared.db.tx import Reader
from shared.fields import Key, Reason, Time
from shared.http.actions import AllowedAction, actions
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, KeyRequired, Reading
from shared.http.listing import Page, PageRequest
from shared.money import Money, MoneyIn

router = APIRouter(prefix="/v1/payments", tags=["payments"], route_class=ClinchRoute)
Booking = Depends(require(*BOOKING))


def _positive(money: MoneyIn) -> MoneyIn:
    if money.amount <= 0:
        raise ValueError("A payment is more than 0; record money that goes back as a reversal.")
    return money


class PaymentIn(Body):
    contract_id: UUID
    amount: Annotated[MoneyIn, AfterValidator(_positive), Field(description="In the contract's currency")]
    received_at: Annotated[Time | None, Field(description="When it came in, if not now; never in the future")] = None
    channel: Channel = Channel.BANK_TRANSFER
    reference: Annotated[Key | None, Field(description="What the bank or the provider calls it")] = None


class ReversalIn(Body):
    reason: Reason
    reversed_at: Annotated[Time | None, Field(description="When it went back, if not now; never in the future")] = None


class AllocationOut(BaseModel):
    """`at`: from when it counted for the milestone."""

    milestone_id: UUID
    amount: Money
    at: datetime


class PaymentOut(BaseModel):
    """`allocations` and `credit` add up to the amount. When the payment is reversed, they say what was taken back."""

    id: UUID
    version: int
    contract_id: UUID
    amount: Money
    received_at: datetime
    channel: Channel
    reference: str | None
    allocations: list[AllocationOut]
    credit: Money
    reversed_at: datetime | None
    reversal_reason: str | None
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]


async def _shown(db: Reader, by: Actor, payments: list[Payment]) -> list[PaymentOut]:
    allocations: dict[UUID, list[Allocated]] = {p.id: [] for p in payments}
    for allocated in await db.all(queries.ALLOCATIONS_OF, payment_ids=list(allocations)):
        allocations[allocated.payment_id].append(allocated)
    return [_out(shown(payment, by), allocations[payment.id], by) for payment in payments]


def _out(payment: Payment, allocations: list[Allocated], by: Actor) -> PaymentOut:
    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=payment.currency)

    return PaymentOut(
        id=payment.id,
        version=payment.version,
        contract_id=payment.contract_id,
        amount=money(payment.amount),
        received_at=payment.received_at,
        channel=payment.channel,
        reference=payment.reference,
        allocations=[AllocationOut(milestone_id=a.milestone_id, amount=money(a.amount), at=a.at) for a in allocations],
        credit=money(payment.credit),
        reversed_at=payment.reversed_at,
        reversal_reason=payment.reversal_reason,
        created_at=payment.created_at,
        updated_at=payment.updated_at,
        allowed_actions=actions(reverse=reverse_unmet(payment, by)),
    )


@router.post("", status_code=201, response_model=PaymentOut, dependencies=[KeyRequired, Booking])
async def receive_payment(body: PaymentIn, tx: InTx, by: CurrentActor) -> Any:
    """Book money that came in for a signed contract. It pays the milestones that are due, oldest due first; the rest is credit, and
    goes to the milestones that fall due later. For finance."""
    payment = await commands.receive(
        tx,
        contract_id=body.contract_id,
        amount=body.amount.amount,
        currency=body.amount.currency,
        received_at=body.received_at,
        channel=body.channel,
        reference=body.reference,
    )
    return (await _shown(tx, by, [payment]))[0]


@router.get("", response_model=Page[PaymentOut])
async def list_payments(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor) -> Any:
    """Payments of the contracts that you may see."""
    found = await queries.LIST.page(db, page, where=queries.visible(by), params=scope.params(by))
    found.items = await _shown(db, by, found.items)
    return found


@router.get("/{payment_id}", response_model=PaymentOut)
async def get_payment(payment_id: UUID, db: Reading, by: CurrentActor) -> Any:
    """One payment, with what it paid."""
    return (await _shown(db, by, [await queries.SEEN.get(db, by, payment_id)]))[0]


@router.post("/{payment_id}/reverse", response_model=PaymentOut, dependencies=[KeyRequired, Booking])
async def reverse_payment(payment_id: UUID, body: ReversalIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """The money went back: whatever it paid is open again, and overdue where that is past. For finance."""
    payment = await commands.reverse(tx, payment_id, reason=body.reason, reversed_at=body.reversed_at, expect=expect)
    return (await _shown(tx, by, [payment]))[0]
