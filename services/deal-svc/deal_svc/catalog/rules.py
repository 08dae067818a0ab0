"""What operations do with the catalogue. The book has one price per product, currency and day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from deal_svc.catalog.record import Price, Product
from deal_svc.policy import TaxClass
from shared.acts import Act, Subject, who
from shared.auth.actor import Actor, Role
from shared.errors import Invalid, Unmet
from shared.events.catalog import PriceSet, ProductChanged, ProductCreated

KEEPERS = who(Role.ops, Role.sales_ops, Role.admin)
COSTING = who(Role.finance, Role.director, Role.admin)
"""Who sees what a product costs, and sets it."""
SEES_FLOORS = frozenset({Role.ops, Role.sales_ops, Role.finance, Role.director, Role.admin})
"""Who sets prices, or decides about those below the floor. Others could tell from it how far they can be pushed."""
PRODUCT: Subject[Product, None] = Subject(
    name="product",
    label="product",
    owner=lambda *_: None,
    not_owner=Unmet("not_operations", "Only operations keep the catalogue."),
)
CREATE = Act(
    of=PRODUCT,
    name="create",
    operation="create_product",
    who=KEEPERS,
    makes=True,
    tells=(ProductCreated,),
    says="Adds a product.",
    asks="A SKU that no product has.",
)
CHANGE = Act(
    of=PRODUCT,
    name="change",
    operation="update_product",
    who=KEEPERS,
    tells=(ProductChanged,),
    says="Renames the product, moves it to another line, changes its tax, or retires it.",
    sample=lambda *_: {"name": "CRM, yearly"},
)
SET_PRICE = Act(
    of=PRODUCT,
    name="set_price",
    operation="set_price",
    who=KEEPERS,
    refused="Another price is valid on some of these days.",
    code="price_overlap",
    tells=(PriceSet, ProductChanged),
    says="Puts a price into the book; one without an end ends the day before.",
    asks="Days on which no other price of the currency is fixed.",
    sample=lambda *_: {"unit_price": {"amount": "1000", "currency": "CNY"}, "valid_from": "2150-01-01"},
)
SET_COST = Act(
    of=PRODUCT,
    name="set_cost",
    operation="set_cost",
    who=COSTING,
    tells=(ProductChanged,),
    says="Sets what one unit costs us, which margins are reckoned from; no event says it.",
    sample=lambda *_: {"cost": {"amount": "400", "currency": "CNY"}},
)
SET_STOCK = Act(
    of=PRODUCT,
    name="set_stock",
    operation="set_stock",
    who=who(*KEEPERS.every, scope="stock:write"),
    tells=(ProductChanged,),
    says="Sets how much of it is in stock.",
    sample=lambda *_: {"stock": "12"},
)
PRODUCT_ACTS = (CREATE, CHANGE, SET_PRICE, SET_COST, SET_STOCK)


def sees_cost(by: Actor) -> bool:
    return COSTING.may_ever(by)


def sees_floor(by: Actor) -> bool:
    return not by.roles.isdisjoint(SEES_FLOORS)


# -- Tax -----------------------------------------------------------------------------------------------------------------------


def tax_of(product: Product, classes: Sequence[TaxClass]) -> Decimal:
    """The percent of its tax: what the policy says today of its class. The last one known, where the policy has no such class any more."""
    return next((c.percent for c in classes if c.code == product.tax_class), product.tax_percent)


def taxed(tax_class: str | None, tax_percent: Decimal | None, classes: Sequence[TaxClass]) -> dict[str, object]:
    """What a product keeps of the tax that somebody names: a class with its percent, or a percent of its own."""
    if (tax_class is None) == (tax_percent is None):
        raise Invalid("Name the tax class, or a percent where no class fits.", pointer="/tax_class", code="tax_class_or_percent")
    if tax_class is None:
        return {"tax_class": None, "tax_percent": tax_percent}
    percent = next((c.percent for c in classes if c.code == tax_class), None)
    if percent is None:
        known = ", ".join(c.code for c in classes)
        raise Invalid(f"The policy has no such tax class; it has {known}.", pointer="/tax_class", code="unknown_tax_class")
    return {"tax_class": tax_class, "tax_percent": percent}


# -- Prices --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placing:
    """What a new price replaces (one that begins on the same day), and which one it ends."""

    replaces: Price | None
    ends: Price | None
    overlaps: list[Unmet]


def place(book: Sequence[Price], valid_from: date, valid_to: date | None) -> Placing:
    """Find the place in the book of one product and currency.

    Prices with an end of their own never give way.
    """
    replaces = next((p for p in book if p.valid_from == valid_from), None)
    ends = next((p for p in book if p.valid_to is None and p.valid_from < valid_from), None)
    others = [p for p in book if p not in (replaces, ends)]
    last = valid_to or date.max
    clash = [p for p in others if p.valid_from <= last and valid_from <= (p.valid_to or date.max)]
    return Placing(
        replaces,
        ends,
        [Unmet("price_overlap", f"There is a price from {p.valid_from} to {p.valid_to or 'further notice'}.") for p in clash],
    )


def day_before(day: date) -> date:
    return day - timedelta(days=1)
