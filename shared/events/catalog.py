"""What deal-svc tells of products, prices and price lists."""

from datetime import date
from uuid import UUID

from shared.events.deal import DealSvcEvent
from shared.events.envelope import Exact, Money


class CatalogEvent(DealSvcEvent):
    audience = "everybody"


class ProductCreated(CatalogEvent, type="product.created"):
    sku: str
    name: str
    line: str
    family: str | None = None
    unit: str | None = None
    tax_class: str | None = None
    lead_days: int | None = None


class ProductChanged(CatalogEvent, type="product.changed"):
    """`changed` names what is different now.

    `prices` is among it when its price book changed, which `price.set` tells in full. `cost` is among it when that changed, and no
    event says what it is.
    """

    sku: str
    name: str
    line: str
    active: bool
    family: str | None = None
    unit: str | None = None
    tax_class: str | None = None
    lead_days: int | None = None
    stock: Exact | None = None
    changed: list[str] = []


class PriceSet(CatalogEvent, type="price.set"):
    """A price of the price book took effect."""

    product_id: UUID
    unit_price: Money
    valid_from: date
    valid_to: date | None = None


class PriceListEvent(CatalogEvent):
    """A version of a price list. What it says of products is read from it: floors are not for everybody."""

    name: str
    revision: int
    customer_level: str | None = None
    channel: str | None = None
    currency: str
    valid_from: date
    valid_to: date | None = None
    products: int


class PriceListDrafted(PriceListEvent, type="price_list.drafted"):
    pass


class PriceListChanged(PriceListEvent, type="price_list.changed"):
    """A draft was changed."""


class PriceListActivated(PriceListEvent, type="price_list.activated"):
    """The version prices quotes on its days."""


class PriceListEnded(PriceListEvent, type="price_list.ended"):
    """The next version begins the day after `valid_to`."""


class PriceListRetired(PriceListEvent, type="price_list.retired"):
    """The version prices nothing any more."""
