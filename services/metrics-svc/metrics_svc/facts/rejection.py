"""Quotes that customers turned down."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, kept, read_kept
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar
from shared.events.deal import QuoteRejected
from shared.events.envelope import Envelope

LANE = "rejections"


@dataclass(slots=True)
class RejectingDeal:
    """A deal with its rejections: at, quote, net, and the dimensions."""

    id: UUID
    rejections: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class RejectionFact(Placed):
    """A quote was rejected."""

    deal_id: UUID
    n: int
    at: datetime
    net: Decimal


def _heard(row: RejectingDeal, e: Envelope[QuoteRejected], _: Calendar) -> None:
    row.rejections = sorted([*row.rejections, [e.time.isoformat(), str(e.subject), str(e.data.net.amount * e.data.fx), *kept(e.data)]])


def derive(row: RejectingDeal) -> Iterable[RejectionFact]:
    for n, (at, _, net, *who) in enumerate(row.rejections):
        yield RejectionFact(*read_kept(who), deal_id=row.id, n=n, at=datetime.fromisoformat(at), net=Decimal(net))


REJECTING_DEAL = Fact(
    "rejecting_deal",
    RejectingDeal,
    ("id",),
    lane=LANE,
    record="deal",
    hears={QuoteRejected: _heard},
    through={QuoteRejected: "deal_id"},
    derive=derive,
)
FACT = Fact("rejection_fact", RejectionFact, ("deal_id", "n"), lane=LANE, record="deal", indexes=("at", "owner_id"))

REJECTED = Measure("quote_rejected", RejectionFact, at="at", value="net")
