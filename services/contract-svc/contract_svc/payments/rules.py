"""Payments: whose milestones they pay, in which order, and what is left over as credit."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from contract_svc.contracts.record import BINDING, CONTRACT, Contract
from contract_svc.milestones.record import Milestone
from contract_svc.payments.record import PAYMENT, Payment
from shared.acts import Act, who
from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.events.contract import PaymentReceived, PaymentReversed

BOOKER = who(Role.finance, Role.admin, scope="payments:write")
"""Finance, or a bank's system: both book what came in and what went back."""

RECEIVE: Act[Contract, None] = Act(
    of=CONTRACT,
    name="receive_payment",
    operation="receive_payment",
    who=BOOKER,
    states=BINDING,
    tells=(PaymentReceived,),
    refused="No payment can be booked for the contract.",
    code="contract_not_payable",
    says="Books money that came in. It pays the milestones that are due, oldest due first; the rest is credit.",
    sample=lambda contract, _: {"contract_id": str(contract.id), "amount": {"amount": "1", "currency": contract.currency}},
)


def _reverse_needs(payment: Payment, _: None, by: Actor) -> Iterable[Unmet]:
    if payment.reversed_at is not None:
        yield Unmet("reversed", "The payment is already reversed.")


REVERSE: Act[Payment, None] = Act(
    of=PAYMENT,
    name="reverse",
    operation="reverse_payment",
    who=BOOKER,
    needs=_reverse_needs,
    tells=(PaymentReversed,),
    refused="The payment cannot be reversed.",
    code="payment_not_reversible",
    says="Records that the money went back: everything that it paid is open again.",
    asks="It was not reversed before.",
    sample=lambda *_: {"reason": "Bounced"},
)
PAYMENT_ACTS = (REVERSE,)


def allocate(amount: Decimal, milestones: Sequence[Milestone]) -> tuple[list[tuple[Milestone, Decimal]], Decimal]:
    """Split the amount over the milestones that are due, oldest first, then by position.

    The second value is what is left.
    """
    parts: list[tuple[Milestone, Decimal]] = []
    payable = [(m.due_at, m.position, m) for m in milestones if m.payable and m.due_at]
    for _, _, milestone in sorted(payable, key=lambda entry: entry[:2]):
        part = min(amount, milestone.outstanding)
        if part > 0:
            parts.append((milestone, part))
            amount -= part
    return parts, amount
