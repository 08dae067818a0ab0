"""The price list of a year: the products' own prices, less from a quantity on that the year's customers do not buy, and a bundle."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from clinch.demo import staff
from clinch.demo.calls import Calls, Hand, Refused
from clinch.demo.tables import LINES, SUITE, USERS, Item

TIERS = ((40, 90), (100, 80))
"""From how many packs of users on, and percent of the price."""
LOWEST = 75
"""Percent of the price that a bundle is not sold below without more authority."""


@dataclass(frozen=True)
class Bundle:
    """Sold as one product; each part with how many of it."""

    item: Item
    line: str
    parts: tuple[tuple[Item, int], ...]


_DATA = LINES[0]
COMPLETE = Bundle(
    Item("DP-SUITE", "Data Platform, complete", 240_000, 34_000, 13, SUITE, "package", 28),
    _DATA.name,
    ((_DATA.core, 1), (_DATA.seats, 4), (_DATA.service, 1)),
)


async def list_prices(calls: Calls, year: int, currency: str, products: Mapping[str, UUID]) -> None:
    """See that the year's list is active. Where a list of the company's own is for everybody, that one stays the only one."""
    name, path = f"Prices of {year}", "/v1/price-lists"
    hand, known = Hand(calls, f"demo-prices-{year}"), (await calls.get(path, by=staff.OPERATIONS, name=name))["items"]
    days = {"valid_from": date(year, 1, 1), "valid_to": date(year, 12, 31)}
    if not known:
        entries = list(_entries(year, currency, products))
        known = [await hand.post(staff.OPERATIONS, path, name=name, currency=currency, **days, entries=entries)]
    if known[0]["state"] != "draft":
        return
    try:
        await hand.post(staff.OPERATIONS, f"{path}/{known[0]['id']}/activate")
    except Refused as refused:
        if refused.code != "price_list_not_activatable":
            raise


def _entries(year: int, currency: str, products: Mapping[str, UUID]) -> Iterator[Mapping[str, Any]]:
    for item in (item for line in LINES for item in line.items):
        price = item.priced(currency, year)
        tiers = [{"from_quantity": str(n), "unit_price": str(price * percent // 100)} for n, percent in TIERS]
        yield {"product_id": products[item.sku], "unit_price": str(price), "tiers": tiers if item.family == USERS else []}
    price = COMPLETE.item.priced(currency, year)
    parts = [
        {"product_id": products[item.sku], "quantity": str(n), "unit_price": str(item.priced(currency, year))} for item, n in COMPLETE.parts
    ]
    yield {
        "product_id": products[COMPLETE.item.sku],
        "unit_price": str(price),
        "floor": str(price * LOWEST // 100),
        "parts": parts,
    }
