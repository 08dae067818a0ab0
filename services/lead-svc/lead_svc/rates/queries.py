"""Reads of the rates. Everybody signed in may: amounts are shown with them everywhere."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from lead_svc.rates.fields import RateValue
from lead_svc.rates.record import Rate
from shared.db.tables import RATE
from shared.http.listing import Listing


class RateItem(BaseModel):
    """Units of `base` for one unit of `currency`, from `day` on; `rate` is null for one that was taken back."""

    id: UUID
    currency: str
    base: str
    day: date
    rate: RateValue | None
    source: str
    created_at: datetime
    updated_at: datetime
    version: int


LIST = Listing(
    RATE,
    Rate,
    filters={n: RATE.c[n] for n in ("currency", "base", "day", "source")},
    sorts=("day",),
    default="-day",
)
