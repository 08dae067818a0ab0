"""What lead-svc tells of exchange rates."""

from datetime import date

from shared.events.envelope import Exact
from shared.events.lead import LeadSvcEvent


class RateEvent(LeadSvcEvent):
    """The rate of a currency on a day, in units of `base`, the reporting currency, for one unit of it."""

    audience = "everybody"

    currency: str
    base: str
    day: date
    source: str


class RateSet(RateEvent, type="rate.set"):
    """A rate was set or corrected. What was converted before keeps its own."""

    rate: Exact


class RateWithdrawn(RateEvent, type="rate.withdrawn"):
    """A rate was taken back: the one before it counts again."""
