"""A quote that nobody got, with everything a document can show: what a template is looked at with. Pure."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from deal_svc.policy import TaxRounding
from deal_svc.quotes.pricing import as_json, price_lines
from deal_svc.quotes.record import Item, Quote, QuoteStatus
from shared.documents.record import Language
from shared.money import minor_unit

_NOBODY = UUID(int=0)
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "plan": "Sales workplace",
        "bundle": "Starter bundle",
        "setup": "Set-up",
        "training": "Training on site",
        "support": "Priority support",
        "user": "user",
        "day": "day",
        "piece": "piece",
        "buyer": "Sample Customer Ltd",
        "address": "1 Sample Street\nShanghai",
        "terms": "General terms of sale",
        "special": "Training takes place at the customer's premises.",
    },
    "zh": {
        "plan": "销售工作台",
        "bundle": "起步套餐",
        "setup": "系统实施",
        "training": "现场培训",
        "support": "优先支持",
        "user": "用户",
        "day": "天",
        "piece": "件",
        "buyer": "示例客户有限公司",
        "address": "上海市示例路 1 号",
        "terms": "通用销售条款",
        "special": "培训在客户现场进行。",
    },
}


def sample_quote(language: Language, currency: str, today: date, now: datetime) -> Quote:
    """With a bundle, an option, discounts of both kinds, two tax rates and a payment plan."""
    words = _WORDS[language]
    parts = [
        {"product_id": str(_NOBODY), "sku": sku, "name": words[name], "quantity": quantity, "unit_price": "1000"}
        for sku, name, quantity in (("SETUP", "setup", "1"), ("TRAIN", "training", "2"))
    ]
    items = [
        _item("PLAN", words["plan"], "25", "380", unit=words["user"], periods=Decimal(12), discount_percent=Decimal(5)),
        _item("START", words["bundle"], "1", "18000", unit=words["piece"], parts=parts),
        _item("TRAIN", words["training"], "2.5", "4200", tax="6", unit=words["day"], discount_amount=Decimal(500)),
        _item("SUPPORT", words["support"], "1", "9600", tax="6", unit=words["piece"], optional=True),
    ]
    lines, totals = price_lines(items, Decimal(3), minor_unit(currency))
    given: dict[str, Any] = asdict(totals) | {"lines": [as_json(line) for line in lines]}
    nothing: dict[str, Any] = dict.fromkeys(("valid_days", "policy_version", "viewed_at", "accepted_at", "ended_at", "reason", "note"))
    return Quote(
        id=_NOBODY,
        version=1,
        deal_id=_NOBODY,
        number="Q-100000",
        revision=1,
        status=QuoteStatus.SENT,
        currency=currency,
        fx=Decimal(1),
        quoted_on=today,
        valid_until=today + timedelta(days=30),
        total_discount_percent=Decimal(3),
        total_discount_amount=None,
        tax_rounding=TaxRounding.LINE,
        delivery_on=today + timedelta(days=45),
        buyer={"name": words["buyer"], "address": words["address"]},
        seller=None,
        schedule=[
            {"trigger": trigger, "percent": percent, "due_days": 30, "due_on": None}
            for trigger, percent in (("signed", "50"), ("go_live", "40"), ("accepted", "10"))
        ],
        channel=None,
        terms=words["terms"],
        special_terms=words["special"],
        sent_at=now,
        flags={},
        created_by=_NOBODY,
        created_at=now,
        updated_at=now,
        **given,
        **nothing,
    )


def _item(sku: str, name: str, quantity: str, price: str, *, tax: str = "13", **more: Any) -> Item:
    given = {"discount_percent": Decimal(0)} | more
    return Item(
        product_id=_NOBODY,
        sku=sku,
        name=name,
        line="",
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        tax_percent=Decimal(tax),
        **given,
    )
