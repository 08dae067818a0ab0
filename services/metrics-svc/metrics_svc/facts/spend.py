"""What was spent on campaigns: each amount spread over its days, converted with the rate of the spending day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, Who
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar
from shared.access.kinds import LEAD_FIGURES
from shared.calendar import start_of
from shared.events.campaign import CampaignSpendCorrected, CampaignSpendEvent, CampaignSpendRecorded
from shared.events.envelope import Envelope

LANE = "spend"
_SMALLEST = Decimal("0.0001")


@dataclass(slots=True)
class SpendRecord:
    """An amount as it is now, with its days: when each begins, and what of it was spent then."""

    id: UUID
    source: str | None = None
    product: str | None = None
    region: str | None = None
    campaign: str | None = None
    medium: str | None = None
    days: list[list[str]] = field(default_factory=list)


@dataclass(slots=True)
class SpendFact(Placed):
    """What was spent on a campaign on one day. It belongs to no owner and no team."""

    spend_id: UUID
    n: int
    at: datetime
    amount: Decimal


def spread(amount: Decimal, starts_on: date, ends_on: date) -> Iterator[tuple[date, Decimal]]:
    """The amount over its days, as evenly as the smallest part allows; together they are exactly the amount."""
    count = (ends_on - starts_on).days + 1
    before = Decimal(0)
    for n in range(count):
        so_far = amount if n + 1 == count else (amount * (n + 1) / count).quantize(_SMALLEST, ROUND_DOWN)
        yield starts_on + timedelta(days=n), so_far - before
        before = so_far


def _heard(row: SpendRecord, e: Envelope[CampaignSpendEvent], calendar: Calendar) -> None:
    data = e.data
    row.campaign, row.source, row.medium, row.product, row.region = data.campaign, data.source, data.medium, data.product, data.region
    days = spread(data.amount.amount, data.starts_on, data.ends_on) if data.amount.amount else ()
    row.days = [[start_of(day, calendar.zone).isoformat(), str(part * data.fx)] for day, part in days]


def derive(row: SpendRecord) -> Iterator[SpendFact]:
    who: Who = (None, None, row.source, row.product, row.region, row.campaign, None, row.medium)
    for n, (at, amount) in enumerate(row.days):
        yield SpendFact(*who, spend_id=row.id, n=n, at=datetime.fromisoformat(at), amount=Decimal(amount))


SPEND_RECORD = Fact(
    "spend_record",
    SpendRecord,
    ("id",),
    lane=LANE,
    record="spend",
    figures=LEAD_FIGURES,
    whole=True,
    hears=dict.fromkeys((CampaignSpendRecorded, CampaignSpendCorrected), _heard),
    derive=derive,
)

FACT = Fact(
    "spend_fact",
    SpendFact,
    ("spend_id", "n"),
    lane=LANE,
    record="spend",
    figures=LEAD_FIGURES,
    whole=True,
    indexes=("at", "campaign at"),
)

SPENT = Measure("spent", SpendFact, at="at", value="amount")
