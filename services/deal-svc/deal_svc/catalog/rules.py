"""What operations do with the catalogue. The book has one price per product, currency and day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from deal_svc.catalog.record import Price, Product
from shared.acts import Act, Subject, who
from shared.auth.actor import Role
from shared.errors import Unmet
from shared.events.deal import PriceSet, ProductChanged, ProductCreated

KEEPERS = who(Role.ops, Role.sales_ops, Role.admin)
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
PRODUCT_ACTS = (CREATE, CHANGE, SET_PRICE)


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
