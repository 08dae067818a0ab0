"""Quotes, approvals and prices that the tests of their views need, made by the people whose they are."""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

from tests.browser.making import PATIENCE, Seller


@dataclass(frozen=True)
class Made:
    """A price list with tiers, a bundle and floors; a product and what one costs; and a quote of dev-rep's up for approval."""

    price_list: dict[str, Any]
    product: dict[str, Any]
    cost: str
    quote: dict[str, Any]


@cache
def made(origin: str) -> Made:
    """Once for all tests. The quote waits for a director, finance and legal, and finance has sent it back once."""
    admin, finance = Seller(origin, "dev-admin"), Seller(origin, "dev-finance")
    product, bundle, part, other = admin.ask("GET", "/v1/products?limit=4")["items"]
    for one, cost in ((product, "4321.09"), (bundle, "21000"), (part, "9000"), (other, "11000")):  # a margin is told where all are known
        admin.ask("PUT", f"/v1/products/{one['id']}/cost", cost={"amount": cost, "currency": "CNY"})
    admin.ask("PUT", f"/v1/products/{product['id']}/stock", stock="40")
    tiers = [{"from_quantity": "10", "unit_price": "9000", "floor": "7654"}, {"from_quantity": "100", "unit_price": "8500.1234"}]
    parts = [{"product_id": part["id"], "quantity": "2", "unit_price": "10000"}, {"product_id": other["id"], "unit_price": "40000"}]
    entries = [
        {"product_id": product["id"], "unit_price": "10000", "floor": "7654", "tiers": tiers},
        {"product_id": bundle["id"], "unit_price": "60000", "parts": parts},
    ]
    channel = f"partner {uuid4().hex[:6]}"
    listed = admin.ask("POST", "/v1/price-lists", name=channel, currency="CNY", channel=channel, valid_from="2026-01-01", entries=entries)
    admin.ask("POST", f"/v1/price-lists/{listed['id']}/activate")
    admin.ask("POST", f"/v1/price-lists/{listed['id']}/revise", valid_from="2035-01-01")
    lines = [
        {"product_id": product["id"], "quantity": "12", "periods": "2", "discount_percent": "5"},
        {"product_id": bundle["id"], "quantity": "1"},
        {"product_id": other["id"], "quantity": "1", "optional": True},
    ]
    more = {"channel": channel, "total_discount_percent": "24", "special_terms": "Payment after 90 days"}
    quote = submitted(origin, lines, **more)
    body = {"decision": "rejected", "content_hash": quote["content_hash"], "reason": "Thirty days, please"}
    finance.ask("POST", f"/v1/quotes/{quote['id']}/decisions", step="finance", **body)
    quote = Seller(origin, "dev-rep").ask("POST", f"/v1/quotes/{quote['id']}/submit", note="They pay in ninety days or not at all")
    return Made(listed, product, "4,321.09", quote)


def submitted(origin: str, lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A quote of a new deal of dev-rep's, up for approval. Without more it is for a manager."""
    rep = Seller(origin, "dev-rep")
    deal, _ = rep.open_deal(f"Quoted {uuid4().hex[:6]}")
    lines = lines or [{"product_id": rep.ask("GET", "/v1/products?limit=1")["items"][0]["id"], "quantity": "3"}]
    said = {"total_discount_percent": "15"} | more
    quote = rep.ask("POST", "/v1/quotes", deal_id=deal["id"], lines=lines, **said)
    return rep.ask("POST", f"/v1/quotes/{quote['id']}/submit")


def accepted(origin: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A deal of dev-rep's whose quote was accepted, with the contract that was drafted from it."""
    rep = Seller(origin, "dev-rep")
    deal, contact = rep.open_deal(f"Accepted {uuid4().hex[:6]}")
    rep.propose(deal, contact)
    rep.ask("POST", f"/v1/deals/{deal['id']}/transitions", to="negotiation")
    [quote] = rep.ask("GET", f"/v1/quotes?deal_id={deal['id']}")["items"]
    rep.ask("POST", f"/v1/quotes/{quote['id']}/accept")
    until = time.monotonic() + PATIENCE
    while not (found := rep.ask("GET", f"/v1/deals/{deal['id']}"))["contract"] and time.monotonic() < until:
        time.sleep(0.2)
    return found, rep.ask("GET", f"/v1/contracts/{found['contract']['id']}")
