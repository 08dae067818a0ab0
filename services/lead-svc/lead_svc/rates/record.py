"""An exchange rate of a day, as its row holds it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of `base` for one unit of `currency` on a day. `rate` is None when it was taken back: the one before counts again."""

    id: UUID
    version: int
    currency: str
    base: str
    day: date
    rate: Decimal | None
    source: str
    created_at: datetime
    updated_at: datetime


SUBJECT = Subject[Rate, None](
    name="rate",
    label="exchange rate",
    owner=lambda *_: None,
    not_owner=Unmet("role", "Only finance, sales operations or an admin keep the rates."),
)
