"""Drawing contracts: the paper work, the signature, the delivery, and how the customer pays."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from clinch.demo.moments import Draw
from clinch.demo.story import NET_DAYS, Contract, Payment, Quote

OBJECTED = 0.15
"""Of the contracts that our lawyers send back once."""
HABITS = (("punctual", 72), ("late", 17), ("partly", 7), ("never", 4))
"""How a part is paid, and how often. Who has not paid one, pays none after it."""
PAST_DOUBT = timedelta(days=2)
"""So far from its due time a part has to be, for us to say that it is overdue, or not, in every zone."""


def draw_contract(draw: Draw, quote: Quote, closing_at: datetime, signed_at: datetime | None, ends_at: datetime) -> Contract:
    """The contract of an accepted quote, as far as it has got by its signature, or by `ends_at` without one."""
    steps = 5 if draw.chance(OBJECTED) else 3
    times: list[datetime | None] = [*draw.within(closing_at, signed_at or ends_at, steps)]
    if signed_at is None:
        done = draw.between(0, steps)
        times = [at if n < done else None for n, at in enumerate(times)]
    submitted, *second, approved, sent = times
    objected, resubmitted = second or (None, None)
    contract = Contract(
        submitted_at=submitted,
        objected_at=objected,
        resubmitted_at=resubmitted,
        approved_at=approved,
        sent_at=sent,
        signed_at=signed_at,
    )
    return contract if signed_at is None else _delivered(draw, contract, quote, signed_at)


def _delivered(draw: Draw, contract: Contract, quote: Quote, signed_at: datetime) -> Contract:
    live_at = draw.later(signed_at, 24)
    accepted_at = live_at and draw.later(live_at + timedelta(days=1), 17)
    contract = replace(contract, live_on=live_at.date() if live_at else None, accepted_at=accepted_at)
    payments: list[Payment] = []
    for part, (due_at, amount) in enumerate(contract.due(quote.total, quote.currency)):
        paid = _paid(draw, part, due_at, amount)
        payments += paid
        if sum((p.amount for p in paid), Decimal(0)) < amount:
            break
    return replace(contract, payments=tuple(payments))


def _paid(draw: Draw, part: int, due_at: datetime, amount: Decimal) -> list[Payment]:
    """What came for one part by now."""
    habit = draw.by_weight(HABITS)
    early = due_at - NET_DAYS + timedelta(days=draw.between(3, 27))
    late = due_at + timedelta(days=draw.between(4, 45))
    first = round(amount * draw.between(4, 7) / 10, 2)
    paid = {
        "punctual": [Payment(part, early, amount)],
        "late": [Payment(part, late, amount)],
        "partly": [Payment(part, early, first), Payment(part, late, amount - first)],
        "never": [],
    }[habit]
    come = [p for p in paid if p.at < draw.now]
    if sum((p.amount for p in come), Decimal(0)) < amount and abs(draw.now - due_at) <= PAST_DOUBT:
        return [Payment(part, draw.now - timedelta(hours=1), amount)]
    return come
