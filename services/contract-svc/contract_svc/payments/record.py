"""A payment as its table has it, and the parts of it that milestones got."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.access import kinds
from shared.acts import Subject
from shared.auth.actor import Actor
from shared.errors import Unmet
from shared.stored import Stored


class PaymentChannel(StrEnum):
    BANK_TRANSFER = "bank_transfer"
    CARD = "card"
    CASH = "cash"
    CHEQUE = "cheque"
    ONLINE = "online"
    OTHER = "other"


_MONEY = Stored(digits=(18, 4))


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in for a contract. `credit` is what no milestone has used yet."""

    id: UUID
    version: int
    contract_id: Annotated[UUID, Stored(refers="contract.id")]
    amount: Annotated[Decimal, _MONEY]
    currency: str
    received_at: datetime
    channel: PaymentChannel
    credit: Annotated[Decimal, Stored(digits=(18, 4), comment="what no milestone has asked for yet")]
    created_at: datetime
    updated_at: datetime
    reference: str | None = None
    reversed_at: datetime | None = None
    reversal_reason: str | None = None


def masked(payment: Payment, by: Actor) -> Payment:
    """The payment as this actor may see it: a reason in somebody's own words only with personal data."""
    return payment if kinds.unmasked(kinds.CONTRACTS, by) else replace(payment, reversal_reason=None)


@dataclass(frozen=True, slots=True)
class Allocated:
    """A part of a payment that a milestone got. `at`: from when it counted for the milestone."""

    id: UUID
    payment_id: Annotated[UUID, Stored(refers="payment.id")]
    milestone_id: Annotated[UUID, Stored(refers="milestone.id")]
    amount: Annotated[Decimal, _MONEY]
    at: Annotated[datetime, Stored(comment="from when it counted for the milestone")]


PAYMENT: Subject[Payment, None] = Subject(
    name="payment",
    label="payment",
    owner=lambda *_: None,
    not_owner=Unmet("not_finance", "Only finance, or a client with the scope payments:write, books payments."),
)
