"""Payments: whose milestones they pay, in which order, and what stays over as credit (C9). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from contract_svc.contracts.rules import BINDING, Contract, state_unmet
from contract_svc.milestones.rules import Milestone
from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.masking import sees_personal_data


class Channel(StrEnum):
    BANK_TRANSFER = "bank_transfer"
    CARD = "card"
    CASH = "cash"
    CHEQUE = "cheque"
    ONLINE = "online"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in for a contract. `credit` is what no milestone has asked for yet."""

    id: UUID
    version: int
    contract_id: UUID
    amount: Decimal
    currency: str
    received_at: datetime
    channel: Channel
    reference: str | None
    credit: Decimal
    reversed_at: datetime | None
    reversal_reason: str | None
    created_at: datetime
    updated_at: datetime


def shown(payment: Payment, by: Actor) -> Payment:
    """The payment as this actor may see it: a reason in somebody's own words only with personal data."""
    return payment if sees_personal_data(by) else replace(payment, reversal_reason=None)


@dataclass(frozen=True, slots=True)
class Allocated:
    """A part of a payment that a milestone got. `at`: from when it counted for the milestone."""

    id: UUID
    payment_id: UUID
    milestone_id: UUID
    amount: Decimal
    at: datetime


def allocate(amount: Decimal, milestones: Sequence[Milestone]) -> tuple[list[tuple[Milestone, Decimal]], Decimal]:
    """Give the amount to the milestones that are due, oldest due first, then by position; the second value is what is left over."""
    parts: list[tuple[Milestone, Decimal]] = []
    payable = [(m.due_at, m.position, m) for m in milestones if m.payable and m.due_at]
    for _, _, milestone in sorted(payable, key=lambda entry: entry[:2]):
        part = min(amount, milestone.outstanding)
        if part > 0:
            parts.append((milestone, part))
            amount -= part
    return parts, amount


BOOKING = (Role.finance, Role.admin)
NOT_FINANCE = Unmet("not_finance", "Only finance books payments.")


def _booking_unmet(by: Actor) -> list[Unmet]:
    return [] if by.has(*BOOKING) else [NOT_FINANCE]


def receive_unmet(contract: Contract, by: Actor) -> list[Unmet]:
    return [*state_unmet(contract, *BINDING), *_booking_unmet(by)]


def reverse_unmet(payment: Payment, by: Actor) -> list[Unmet]:
    reversed_before = [] if payment.reversed_at is None else [Unmet("reversed", "The payment was reversed already.")]
    return [*reversed_before, *_booking_unmet(by)]
