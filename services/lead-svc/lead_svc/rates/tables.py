"""The table of rates is one that every service has; here it is an aggregate, which only lead-svc changes."""

from lead_svc.rates.record import Rate
from shared.db.query import Aggregate
from shared.db.tables import RATE

RATES = Aggregate(RATE, Rate, "rate")
