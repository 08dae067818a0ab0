"""Reads of payments. Everyone who sees the contract sees its payments."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import bindparam, func, select

from contract_svc.contracts import queries as contracts
from contract_svc.contracts.embedded import EMBEDDED_CONTRACT
from contract_svc.contracts.record import Facts
from contract_svc.contracts.reviews import reviews_of
from contract_svc.milestones.tables import MILESTONE
from contract_svc.payments.fields import PaymentFields
from contract_svc.payments.record import Allocated, Payment
from contract_svc.payments.tables import ALLOCATION, PAYMENT, PAYMENTS
from shared.access import kinds
from shared.access.rows import Within
from shared.access.scoped import Scoped
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.listing import Listing, described

LIST = Listing(
    PAYMENT,
    Payment,
    kind=kinds.CONTRACTS,
    filters={
        **{
            name: PAYMENT.c[name]
            for name in ("id", "contract_id", "amount", "currency", "credit", "received_at", "reversed_at", "created_at")
        },
        **described(PAYMENT, PaymentFields),
    },
    sorts=("received_at", "created_at", "amount"),
    default="-received_at",
    search=(PAYMENT.c.reference,),
    embeds={"contract": EMBEDDED_CONTRACT},
)


ROWS = Within(contracts.ROWS, PAYMENT.c.contract_id)
SEEN = Scoped(PAYMENTS, ROWS)

IDS_OF_CONTRACT = Query(select(PAYMENT.c.id).where(PAYMENT.c.contract_id == bindparam("contract_id")), UUID)

ALLOCATIONS_OF = Query(
    select(*[ALLOCATION.c[n] for n in Allocated.__dataclass_fields__])
    .where(is_in(ALLOCATION.c.payment_id, "payment_ids"))
    .order_by(ALLOCATION.c.id),
    Allocated,
)
WITH_CREDIT = Query(
    select(*[PAYMENT.c[n] for n in PAYMENTS.names])
    .where(PAYMENT.c.contract_id == bindparam("contract_id"), PAYMENT.c.credit > 0, PAYMENT.c.reversed_at.is_(None))
    .order_by(PAYMENT.c.received_at, PAYMENT.c.id)
    .with_for_update(),
    Payment,
)
PAID_BY = Query(
    select(func.coalesce(func.sum(ALLOCATION.c.amount), 0))
    .join(PAYMENT, PAYMENT.c.id == ALLOCATION.c.payment_id)
    .where(ALLOCATION.c.milestone_id == bindparam("milestone_id"), ALLOCATION.c.at < bindparam("at"), PAYMENT.c.reversed_at.is_(None)),
    Decimal,
)
"""What a milestone had received before a time, without what was taken back since."""


@dataclass(frozen=True, slots=True)
class Credit:
    contract_id: UUID
    credit: Decimal


CREDIT_OF = Query(
    select(PAYMENT.c.contract_id, func.sum(PAYMENT.c.credit).label("credit"))
    .where(is_in(PAYMENT.c.contract_id, "contract_ids"), PAYMENT.c.reversed_at.is_(None))
    .group_by(PAYMENT.c.contract_id),
    Credit,
)


@dataclass(frozen=True, slots=True)
class _Sums:
    scheduled: Decimal
    received: Decimal


_FACTS_OF = Query(
    select(
        select(func.coalesce(func.sum(MILESTONE.c.amount), 0))
        .where(MILESTONE.c.contract_id == bindparam("contract_id"))
        .scalar_subquery()
        .label("scheduled"),
        select(func.coalesce(func.sum(PAYMENT.c.amount), 0))
        .where(PAYMENT.c.contract_id == bindparam("contract_id"), PAYMENT.c.reversed_at.is_(None))
        .scalar_subquery()
        .label("received"),
    ),
    _Sums,
)


async def facts_of(db: Reader, contract_id: UUID) -> Facts:
    """What the acts of a contract ask of its milestones, payments and reviews."""
    sums = await db.one(_FACTS_OF, contract_id=contract_id)
    return Facts(sums.scheduled, sums.received, (await reviews_of(db, [contract_id])).get(contract_id))
