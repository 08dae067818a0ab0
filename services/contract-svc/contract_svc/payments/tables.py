"""Payments, and which milestones got how much of them."""

from sqlalchemy import BigInteger, Column, Index, Numeric, Table, Text, Uuid

from contract_svc.metadata import metadata
from contract_svc.payments.rules import Payment
from shared.db.query import Aggregate
from shared.db.tables import At

PAYMENT = Table(
    "payment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("contract_id", Uuid, nullable=False),
    Column("amount", Numeric(18, 4), nullable=False),
    Column("currency", Text, nullable=False),
    Column("received_at", At, nullable=False),
    Column("channel", Text, nullable=False),
    Column("reference", Text),
    Column("credit", Numeric(18, 4), nullable=False, comment="what no milestone has asked for yet"),
    Column("reversed_at", At),
    Column("reversal_reason", Text),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    Index(None, "contract_id", "received_at"),
    Index(None, "received_at", "id"),
    Index(None, "created_at", "id"),
    Index(None, "amount", "id"),
    Index(None, "reference"),
)
PAYMENTS = Aggregate(PAYMENT, Payment, "payment")

ALLOCATION = Table(
    "allocation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("payment_id", Uuid, nullable=False, index=True),
    Column("milestone_id", Uuid, nullable=False, index=True),
    Column("amount", Numeric(18, 4), nullable=False),
    Column("at", At, nullable=False, comment="from when it counted for the milestone"),
    comment="stays when the payment is reversed: it says what was taken back",
)
