"""A quote as its table keeps it: one row per version, with its lines."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from shared.stored import Stored


class QuoteStatus(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Quote:
    """One version of a quote.

    `lines` and `schedule` are `Line`s and terms as JSON: a version is read and written as a whole.
    """

    id: UUID
    version: Annotated[int, Stored(comment="of the row, as everywhere; the customer counts revisions")]
    deal_id: Annotated[UUID, Stored(refers="deal.id")]
    number: str
    revision: int
    status: QuoteStatus
    currency: str
    fx: Annotated[Decimal, Stored(digits=(18, 8))]
    quoted_on: Annotated[date, Stored(comment="the day of the price book that it was made from")]
    valid_until: date
    valid_days: Annotated[int | None, Stored(comment="the validity that the policy gave it; null where somebody named the day")]
    policy_version: Annotated[int | None, Stored(comment="of the policy that it was made by, and sent by since")]
    lines: list[dict[str, Any]]
    total_discount_percent: Annotated[Decimal, Stored(digits=(7, 4), comment="on top of the lines' own")]
    schedule: list[dict[str, Any]]
    list_total: Annotated[Decimal, Stored(digits=(18, 4))]
    net: Annotated[Decimal, Stored(digits=(18, 4))]
    tax: Annotated[Decimal, Stored(digits=(18, 4))]
    total: Annotated[Decimal, Stored(digits=(18, 4))]
    discount_percent: Annotated[Decimal, Stored(digits=(7, 4), comment="of everything together")]
    terms: Annotated[str | None, Stored(comment="the name of the standard terms")]
    special_terms: Annotated[str | None, Stored(comment="what departs from them")]
    note: str | None
    sent_at: datetime | None
    accepted_at: datetime | None
    ended_at: Annotated[datetime | None, Stored(comment="when it was rejected, withdrawn, superseded or expired")]
    reason: str | None
    created_by: UUID
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """A line before it is priced."""

    product_id: UUID
    sku: str
    name: str
    line: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal


@dataclass(frozen=True, slots=True)
class Line(Item):
    """`net` is after both discounts, the line's own and its part of the total discount."""

    net: Decimal
    tax: Decimal
