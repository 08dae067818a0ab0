"""Approvals of quotes: what was submitted, and how and when that ended."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, kept, read_kept
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar, microseconds
from metrics_svc.facts.quote import LANE
from metrics_svc.histogram import bucket_of
from shared.events import quote as events
from shared.events.envelope import Envelope, Event

TIERS = ("owner", "manager", "director", "director_finance")
"""Whose authority a quote needs, the least first. A quote of the tier `owner` is asked about for its tax or its terms alone."""


@dataclass(slots=True)
class SubmittedDeal:
    """A deal with how the submissions of its quotes ended: when, quote, its version, how, tier, when submitted, and the dimensions."""

    id: UUID
    told: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class QuoteApprovalFact(Placed):
    """What was submitted of a quote was approved by itself (`auto`), `approved` or `rejected` by others, or `withdrawn` before that.

    It belongs to who had the deal then. `tier` says whose authority it needed. `wait_us` is the time from the submission until others
    decided, by the calendar: nights and free days count.
    """

    deal_id: UUID
    n: int
    quote_id: UUID
    kind: str
    tier: str
    submitted_at: datetime
    at: datetime
    wait_us: int | None = None
    wait_bucket: int | None = None


def _approved(row: SubmittedDeal, e: Envelope[events.QuoteApproved], _: Calendar) -> None:
    _keep(row, e, "auto" if e.data.auto else "approved")


def _rejected(row: SubmittedDeal, e: Envelope[events.QuoteSubmissionRejected], _: Calendar) -> None:
    _keep(row, e, "rejected")


def _withdrawn(row: SubmittedDeal, e: Envelope[events.QuoteSubmissionWithdrawn], _: Calendar) -> None:
    _keep(row, e, "withdrawn")


def _keep(row: SubmittedDeal, e: Envelope[Any], how: str) -> None:
    data = e.data
    told = [e.time.isoformat(), str(e.subject), e.version, how, data.tier, data.submitted_at.isoformat(), *kept(data)]
    row.told = sorted([*row.told, told], key=lambda entry: (datetime.fromisoformat(entry[0]), *entry[1:3]))


def derive(row: SubmittedDeal) -> Iterator[QuoteApprovalFact]:
    for n, (ended, quote, _, kind, tier, submitted, *who) in enumerate(row.told):
        at, submitted_at = datetime.fromisoformat(ended), datetime.fromisoformat(submitted)
        fact = QuoteApprovalFact(*read_kept(who), row.id, n, UUID(quote), kind, tier, submitted_at, at)
        if kind in ("approved", "rejected"):
            fact.wait_us = microseconds(at - submitted_at)
            fact.wait_bucket = bucket_of(fact.wait_us)
        yield fact


_HEARD: Mapping[type[Event], Any] = {
    events.QuoteApproved: _approved,
    events.QuoteSubmissionRejected: _rejected,
    events.QuoteSubmissionWithdrawn: _withdrawn,
}

SUBMITTED_DEAL = Fact(
    "submitted_deal",
    SubmittedDeal,
    ("id",),
    lane=LANE,
    record="deal",
    hears=_HEARD,
    through=dict.fromkeys(_HEARD, "deal_id"),
    derive=derive,
)

FACT = Fact(
    "quote_approval_fact",
    QuoteApprovalFact,
    ("deal_id", "n"),
    lane=LANE,
    record="deal",
    indexes=("kind at", "owner_id"),
)

AUTO = Measure("quote_auto_approved", QuoteApprovalFact, at="at", where={"kind": "auto"})


def _of_tiers(kind: str) -> dict[str, Measure]:
    return {
        tier: Measure(f"quote_{kind}_{tier}", QuoteApprovalFact, at="at", seconds="wait", where={"kind": kind, "tier": tier})
        for tier in TIERS
    }


APPROVED = _of_tiers("approved")
REJECTED = _of_tiers("rejected")
