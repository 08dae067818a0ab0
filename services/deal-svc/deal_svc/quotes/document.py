"""What a quote's document says to the customer: texts, ready to be printed. Pure.

The note is not among it: it says inside the company why a discount is so large.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from deal_svc.quotes.pricing import counted, due_amounts, due_percents, lines_of, without_total_discount
from deal_svc.quotes.record import Line, Quote
from shared.documents.record import Language, Template, content_hash
from shared.money import minor_unit
from shared.policy.company import Letterhead

TEMPLATE = Template(Path(__file__).parent / "templates", "quote.typ")
KIND = "quote"


def edition_of(quote: Quote) -> bytes:
    """Names what a quote says: to a customer who has it, only a longer validity changes that."""
    said = asdict(quote)
    told = ("number", "revision", "currency", "quoted_on", "sent_at", "valid_until", "lines", "schedule", "total_discount_percent", "total")
    return content_hash({name: said[name] for name in told})


def said_of(quote: Quote, customer: str, seller: Letterhead, on: date, language: Language) -> dict[str, Any]:
    """All that the template prints. `on` is the document's date."""
    lines, amounts = lines_of(quote), without_total_discount(lines_of(quote), minor_unit(quote.currency))
    before = sum((amount for line, amount in zip(lines, amounts, strict=True) if line.counts), Decimal(0))
    return {
        "language": language,
        "draft": quote.sent_at is None,
        "number": quote.number,
        "revision": str(quote.revision),
        "date": day(on, language),
        "valid_until": day(quote.valid_until, language),
        "currency": quote.currency,
        "seller": seller.of(language),
        "customer": customer,
        "lines": [_line(n, line, amount, quote.currency, language) for n, (line, amount) in enumerate(zip(lines, amounts, strict=True), 1)],
        "sums": _sums(quote, counted(lines), before, language),
        "terms": _terms(quote, language),
    }


_OPTIONAL = {"en": "optional, not in the total", "zh": "可选，不计入总额"}


def _line(n: int, line: Line, amount: Decimal, currency: str, language: Language) -> dict[str, str]:
    return {
        "number": str(n),
        "name": line.name if line.counts else f"{line.name} ({_OPTIONAL[language]})",
        "sku": line.sku,
        "quantity": number(line.quantity, language) + (f" × {number(line.periods, language)}" if line.periods else ""),
        "unit_price": money(line.unit_price, currency, language),
        "discount": percent(line.discount_percent, language) if line.discount_percent else "",
        "tax": percent(line.tax_percent, language),
        "amount": money(amount, currency, language),
    }


def _sums(quote: Quote, lines: Sequence[Line], before: Decimal, language: Language) -> list[dict[str, str]]:
    """From the list total to what is to be paid, each step that changes something."""
    rates = sorted({line.tax_percent for line in lines if line.tax})
    taxes = [("tax", rate, sum((x.tax for x in lines if x.tax_percent == rate), Decimal(0))) for rate in rates]
    steps: list[tuple[str, Decimal | None, Decimal]] = [
        *([("list", None, quote.list_total)] if quote.list_total != quote.net else []),
        *([("lines-off", None, before - quote.list_total)] if before != quote.list_total else []),
        *([("total-off", quote.total_discount_percent or None, quote.net - before)] if before != quote.net else []),
        ("net", None, quote.net),
        *taxes,
    ]
    sums = [
        {"label": label, "percent": "" if rate is None else percent(rate, language), "amount": money(amount, quote.currency, language)}
        for label, rate, amount in steps
    ]
    total = f"{money(quote.total, quote.currency, language)} {quote.currency}"
    return [*sums, {"label": "total", "percent": "", "amount": total}]


def _terms(quote: Quote, language: Language) -> list[dict[str, str]]:
    """Payments as the contract will plan them; those of a draft whose schedule is not complete have no amounts."""
    due = due_amounts(quote.schedule, quote.total, quote.currency)
    percents = due_percents(quote.schedule, due or [Decimal(0)] * len(quote.schedule), quote.total)
    amounts: Sequence[Decimal | None] = due or [None] * len(percents)
    return [
        {
            "percent": percent(share, language),
            "amount": "" if amount is None else f"{money(amount, quote.currency, language)} {quote.currency}",
            "trigger": term["trigger"],
            "days": number(Decimal(term["due_days"]), language),
            "day": day(date.fromisoformat(term["due_on"]), language) if term["due_on"] else "",
        }
        for term, share, amount in zip(quote.schedule, percents, amounts, strict=True)
    ]


# -- Numbers and days as the language writes them ------------------------------------------------------------------------------


def day(of: date, language: Language) -> str:
    return str(format_date(of, "long", locale=language))


def number(amount: Decimal, language: Language, digits: int = 0) -> str:
    """With at least so many digits behind the point, and more where the number has more."""
    return str(format_decimal(amount, f"#,##0{'.' + '0' * digits if digits else '.'}{'#' * (8 - digits)}", locale=language))


def money(amount: Decimal, currency: str, language: Language) -> str:
    exponent = minor_unit(currency).as_tuple().exponent
    return number(amount, language, -int(exponent))


def percent(share: Decimal, language: Language) -> str:
    return f"{number(share, language)} %"
