"""What a proposal is made from, and what it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from deal_svc.catalog.record import Product


class ReasonCode(StrEnum):
    """Why a line stands in a proposal as it does."""

    ALWAYS = "always_in_package"
    NEED = "need_named"
    MAIN = "main_product"
    USERS = "for_users"
    USERS_UNKNOWN = "users_unknown"
    TIER = "tier_costs_no_more"
    BUNDLE = "bundle_costs_less"
    OVER_BUDGET = "over_budget"
    WORTH_ADDING = "worth_adding"
    SHORT = "short_of_stock"
    LATER = "takes_days"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of what a customer needs. `needs` are texts of people, `budget` is in the currency of the prices."""

    line: str
    currency: str
    needs: Sequence[str] = ()
    users: int | None = None
    budget: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as it is priced for this customer today.

    `steps` are unit prices from a quantity on, in the order of the quantities; the first is from 0. `parts`: how many a bundle has of each.
    """

    product: Product
    steps: Sequence[tuple[Decimal, Decimal]]
    parts: Mapping[UUID, Decimal] = field(default_factory=dict)

    def amount(self, quantity: Decimal) -> Decimal:
        """What so many cost, without discounts and tax; not rounded."""
        return quantity * next(price for begins, price in reversed(self.steps) if begins <= quantity)


@dataclass(frozen=True, slots=True)
class Reason:
    """`says` is a sentence in English; the code has a label in every language."""

    code: ReasonCode
    says: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A line of the package; optional ones are offered beside it."""

    product_id: UUID
    quantity: Decimal
    reasons: Sequence[Reason]
    optional: bool = False
