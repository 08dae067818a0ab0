"""A quote as its table keeps it: one row per version, with its lines."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from deal_svc.policy import TaxRounding
from shared.stored import Stored


class QuoteStatus(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


ANSWERABLE = (QuoteStatus.SENT, QuoteStatus.ACCEPTED, QuoteStatus.REJECTED)
"""The customer has it to answer, or has answered it. One that was withdrawn, replaced or has expired asks nothing of them."""


class Tier(StrEnum):
    """Whose authority a quote needs, by its discounts and prices."""

    OWNER = "owner"
    MANAGER = "manager"
    DIRECTOR = "director"
    DIRECTOR_FINANCE = "director_finance"


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
    total_discount_amount: Annotated[Decimal | None, Stored(digits=(18, 4), comment="where it was named as an amount")]
    tax_rounding: Annotated[TaxRounding, Stored(default="'line'", comment="where tax is rounded: by line, or on the total of a rate")]
    delivery_on: Annotated[date | None, Stored(comment="the day that is promised")]
    buyer: Annotated[dict[str, Any] | None, Stored(comment="who buys, as the customer wants to be named")]
    seller: Annotated[dict[str, Any] | None, Stored(comment="who sells, where it is not the company of the policy")]
    schedule: list[dict[str, Any]]
    list_total: Annotated[Decimal, Stored(digits=(18, 4))]
    net: Annotated[Decimal, Stored(digits=(18, 4))]
    tax: Annotated[Decimal, Stored(digits=(18, 4))]
    total: Annotated[Decimal, Stored(digits=(18, 4))]
    discount_percent: Annotated[Decimal, Stored(digits=(7, 4), comment="of everything together")]
    channel: Annotated[str | None, Stored(comment="of sales, which price lists go by")]
    terms: Annotated[str | None, Stored(comment="the name of the standard terms")]
    special_terms: Annotated[str | None, Stored(comment="what departs from them")]
    note: str | None
    sent_at: datetime | None
    viewed_at: Annotated[datetime | None, Stored(comment="when the customer first looked at it by a link")]
    accepted_at: datetime | None
    ended_at: Annotated[datetime | None, Stored(comment="when it was rejected, withdrawn, superseded or expired")]
    reason: str | None
    flags: Annotated[dict[str, bool], Stored(default="'{}'", comment="flag -> true: odd but true")]
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    tier: Annotated[Tier | None, Stored(comment="whose authority it needs, as it was submitted")] = None
    content_hash: Annotated[str | None, Stored(comment="SHA-256 of the content that was submitted")] = None
    submitted_at: datetime | None = None
    approved_at: datetime | None = None
    kept_from: Annotated[UUID | None, Stored(comment="the earlier version whose approval covers it")] = None
    fx_day: Annotated[date | None, Stored(comment="the day of that rate, where there was none for the day itself")] = None
    template_id: Annotated[UUID | None, Stored(comment="the version of the template that it was sent with; null for the built-in one")] = (
        None
    )

    @property
    def is_approved(self) -> bool:
        """Whether it may go to the customer. What an earlier release sent counts as approved."""
        return self.approved_at is not None or self.sent_at is not None


@dataclass(frozen=True, slots=True)
class Item:
    """A line before it is priced.

    `discount_amount` is what is taken off the line where somebody named an amount; `discount_percent` follows from it then. `periods` is
    for how many periods each unit is paid. `lead_days` and `floor` are the product's of the day, for what decides later; no answer
    shows the floor. `price_list_id` is the version of the list that priced it, None for the product's own price. `parts` are those of a
    bundle.
    """

    product_id: UUID
    sku: str
    name: str
    line: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    discount_amount: Decimal | None = field(default=None, kw_only=True)
    periods: Decimal | None = field(default=None, kw_only=True)
    unit: str | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    chosen: bool = field(default=False, kw_only=True)
    lead_days: int = field(default=0, kw_only=True)
    floor: Decimal | None = field(default=None, kw_only=True)
    price_list_id: UUID | None = field(default=None, kw_only=True)
    parts: list[dict[str, Any]] = field(default_factory=list, kw_only=True)

    @property
    def counts(self) -> bool:
        """Whether it is in the totals: an optional line is, once it is chosen."""
        return not self.optional or self.chosen


@dataclass(frozen=True, slots=True)
class Line(Item):
    """`net` is after both discounts, the line's own and its part of the total discount.

    A line that does not count has no part of the total discount.
    """

    net: Decimal
    tax: Decimal
