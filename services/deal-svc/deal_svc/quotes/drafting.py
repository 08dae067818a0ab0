"""From what somebody asks for to priced lines: what a draft is made of, stored or not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from deal_svc.catalog import queries as catalog
from deal_svc.catalog.rules import tax_of
from deal_svc.deals.record import Deal
from deal_svc.policy import POLICY, TaxRounding
from deal_svc.price_lists.queries import book_of
from deal_svc.price_lists.rules import Buyer
from deal_svc.quotes import pricing
from deal_svc.quotes.fields import LineIn
from deal_svc.quotes.record import Item, Quote
from shared.db.tx import Reader
from shared.errors import Invalid, Rejected
from shared.money import minor_unit, too_fine
from shared.parties import accounts

TOTAL_DISCOUNT = ("total_discount_percent", "total_discount_amount")


async def buyer_of(db: Reader, deal: Deal, channel: str | None, currency: str) -> Buyer:
    """Whom the deal's quotes are for, as price lists ask: its account's level is what the directory says today."""
    account = await accounts.find(db, deal.account_id) if deal.account_id else None
    return Buyer(currency, account.tier if account else None, channel)


async def items_of(db: Reader, lines: Sequence[LineIn], buyer: Buyer, day: date) -> list[Item]:
    """The lines with their products, at the prices of the day. Three statements, however many lines there are."""
    known = await catalog.products(db, {x.product_id for x in lines})
    book = await book_of(db, known)
    currency = buyer.currency
    classes = db.policy(POLICY).tax_classes
    items = []
    for n, wanted in enumerate(lines):
        product = known.get(wanted.product_id)
        if product is None:
            raise Invalid("There is no such product.", pointer=f"/lines/{n}/product_id", code="unknown_product")
        if not product.active:
            raise Rejected(f"{product.sku} is not sold any more.", code="product_retired")
        price = book.find(product.id, buyer, day, wanted.quantity)
        if price is None:
            raise Rejected(f"The price book has no price of {product.sku} in {currency} on {day}.", code="no_price")
        item = Item(
            product_id=product.id,
            sku=product.sku,
            name=product.name,
            line=product.line,
            quantity=wanted.quantity,
            unit_price=price.unit_price,
            discount_percent=wanted.discount_percent,
            tax_percent=tax_of(product, classes) if wanted.tax_percent is None else wanted.tax_percent,
            discount_amount=wanted.discount_amount,
            periods=wanted.periods,
            unit=product.unit,
            optional=wanted.optional,
            chosen=wanted.chosen,
            lead_days=product.lead_days,
            floor=price.floor,
            price_list_id=price.list_id,
            parts=price.parts,
        )
        _check_discount(item, currency, f"/lines/{n}/discount_amount")
        items.append(item)
    return items


def _check_discount(item: Item, currency: str, pointer: str) -> None:
    if item.discount_amount is not None:
        _payable(item.discount_amount, currency, pointer)
        if item.discount_amount > pricing.listed(item, minor_unit(currency)):
            raise Invalid("The discount is larger than the line.", pointer=pointer, code="too_large")


def _payable(amount: Decimal, currency: str, pointer: str) -> None:
    if says := too_fine(amount, currency):
        raise Invalid(says, pointer=pointer, code="too_fine")


def total_discount(quote: Quote, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The total discount after these changes: naming a percent ends an amount, and the other way round."""
    before = {name: getattr(quote, name) for name in TOTAL_DISCOUNT}
    if changes.get("total_discount_amount") is not None and "total_discount_percent" not in changes:
        before["total_discount_percent"] = Decimal(0)
    if changes.get("total_discount_percent") and "total_discount_amount" not in changes:
        before["total_discount_amount"] = None
    return before | {name: changes[name] for name in TOTAL_DISCOUNT if name in changes}


def priced(items: Sequence[Item], off: Mapping[str, Any], currency: str, rounding: TaxRounding) -> dict[str, Any]:
    """The fields of a quote that follow from its lines and its total discount (`off`)."""
    percent, amount = off["total_discount_percent"], off["total_discount_amount"]
    if amount is not None:
        _payable(amount, currency, "/total_discount_amount")
        if percent:
            raise Invalid("Take off a percent or an amount, not both.", pointer="/total_discount_amount", code="two_discounts")
    try:
        lines, totals = pricing.price_lines(items, percent, minor_unit(currency), total_discount_amount=amount, tax_rounding=rounding)
    except ValueError:
        raise Invalid("The discount is larger than the quote.", pointer="/total_discount_amount", code="too_large") from None
    if max(totals.list_total, totals.total) >= pricing.MOST or any(x.net + x.tax >= pricing.MOST for x in lines):
        raise Invalid("The amounts are too large for a quote.", pointer="/lines", code="too_large")
    return {
        **asdict(totals),
        "lines": [pricing.as_json(x) for x in lines],
        "total_discount_percent": percent,
        "total_discount_amount": amount,
    }
