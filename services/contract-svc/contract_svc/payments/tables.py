"""Payments, and which milestones got how much of them."""

from sqlalchemy import CheckConstraint, Index

from contract_svc.metadata import metadata
from contract_svc.payments.record import Allocated, Payment
from shared.db.query import Aggregate
from shared.db.record import table

PAYMENT = table(
    "payment",
    metadata,
    Payment,
    CheckConstraint("amount > 0 AND credit >= 0 AND credit <= amount", name="amounts"),
    CheckConstraint("reversed_at >= received_at", name="reversal"),
    Index(None, "contract_id", "received_at"),
    *(Index(None, name, "id") for name in ("received_at", "created_at", "amount")),
    Index(None, "reference"),
)
PAYMENTS = Aggregate(PAYMENT, Payment, "payment")

ALLOCATION = table(
    "allocation",
    metadata,
    Allocated,
    CheckConstraint("amount > 0", name="amount"),
    *(Index(None, name) for name in ("payment_id", "milestone_id")),
    comment="stays when the payment is reversed: it says what was taken back",
)
