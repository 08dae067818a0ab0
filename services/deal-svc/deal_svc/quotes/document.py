"""What a quote's document says to the customer: texts, ready to be printed. Pure.

The note is not among it: it says inside the company why a discount is so large.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_name

from deal_svc.quote_templates.look import SAMPLE, Look, PaperPart
from deal_svc.quote_templates.words import SENTENCES
from deal_svc.quotes.pricing import counted, due_amounts, due_percents, lines_of, shares_of_parts, without_total_discount
from deal_svc.quotes.record import Line, Quote
from shared.documents.capitals import in_capitals
from shared.documents.record import Language, Template, content_hash
from shared.money import minor_unit
from shared.policy.company import Letterhead

TEMPLATE = Template(Path(__file__).parent / "templates", "quote.typ")
KIND = "quote"
_PARTY = ("name", "address", "contact", "tax_number", "bank")


@dataclass(frozen=True, slots=True)
class Parties:
    """Who sells and who buys where the quote does not name them: the company's letterhead, and what the account is called."""

    letterhead: Letterhead
    customer: str


def edition_of(quote: Quote) -> bytes:
    """Names what a quote says: to a customer who has it, only a longer validity changes that."""
    said = asdict(quote)
    told = ("number", "revision", "currency", "quoted_on", "sent_at", "valid_until", "lines", "schedule", "total_discount_percent", "total")
    return content_hash({name: said[name] for name in told})


def said_of(quote: Quote, parties: Parties, on: date, language: Language, look: Look | None = None) -> dict[str, Any]:
    """All that is printed. `on` is the document's date."""
    look = look or SAMPLE[language]
    lines, amounts = lines_of(quote), without_total_discount(lines_of(quote), minor_unit(quote.currency))
    before = sum((amount for line, amount in zip(lines, amounts, strict=True) if line.counts), Decimal(0))
    told = [_line(line, amount, quote.currency, language, look) for line, amount in zip(lines, amounts, strict=True)]
    shown = [(line.counts, said) for line, said in zip(lines, told, strict=True) if line.counts or look.shows(PaperPart.OPTIONAL_LINES)]
    shown.sort(key=lambda each: not each[0])
    printed = [(counts, {"number": str(n), **said}) for n, (counts, said) in enumerate(shown, 1)]
    delivery = quote.delivery_on if look.shows(PaperPart.DELIVERY) else None
    return {
        "language": language,
        "names": dict(look.names),
        "sentences": dict(SENTENCES[language]),
        "accent": look.accent,
        "draft": quote.sent_at is None,
        "number": quote.number,
        "revision": str(quote.revision),
        "date": day(on, language),
        "valid_until": day(quote.valid_until, language),
        "delivery_on": day(delivery, language) if delivery else "",
        "currency": quote.currency,
        "seller": _party(quote.seller, parties.letterhead.of(language), look),
        "customer": _party(quote.buyer, {"name": parties.customer}, look),
        "opening": look.opening,
        "lines": [said for counts, said in printed if counts],
        "options": [said for counts, said in printed if not counts],
        "sums": _sums(quote, counted(lines), before, language),
        "capitals": _capitals(quote) if language == "zh" and look.shows(PaperPart.CAPITALS) else "",
        "payment": _payment(quote, language) if look.shows(PaperPart.PAYMENT) else [],
        "terms": [text for text in (quote.terms or "", look.terms) if text],
        "special_terms": quote.special_terms or "",
        "closing": look.closing,
        "signatures": look.shows(PaperPart.SIGNATURES),
        "footer": look.footer,
    }


def _party(said: dict[str, Any] | None, otherwise: dict[str, str], look: Look) -> dict[str, str]:
    """A company with all that is printed of it; what the quote does not name is left out, not taken from elsewhere."""
    given = otherwise if said is None else said
    hidden = () if look.shows(PaperPart.BANK) else ("bank",)
    return {name: "" if name in hidden else given.get(name) or "" for name in _PARTY}


def _line(line: Line, amount: Decimal, currency: str, language: Language, look: Look) -> dict[str, Any]:
    parts = line.parts if look.shows(PaperPart.BUNDLE_PARTS) else []
    shares = shares_of_parts(replace(line, net=amount), minor_unit(currency)) if parts else []
    return {
        "name": line.name,
        "sku": line.sku if look.shows(PaperPart.CODES) and line.sku != line.name else "",
        "quantity": number(line.quantity, language) + (f" {line.unit}" if line.unit else ""),
        "periods": f"× {number(line.periods, language)}" if line.periods else "",
        "unit_price": money(line.unit_price, currency, language),
        "discount": _off(line, currency, language),
        "tax": percent(line.tax_percent, language),
        "amount": money(amount, currency, language),
        "parts": [
            {
                "name": part["name"],
                "quantity": number(Decimal(part["quantity"]) * line.quantity, language),
                "amount": money(share, currency, language),
            }
            for part, share in zip(parts, shares, strict=True)
        ],
    }


def _off(line: Line, currency: str, language: Language) -> str:
    if line.discount_amount is not None:
        return f"-{money(line.discount_amount, currency, language)}" if line.discount_amount else ""
    return percent(line.discount_percent, language) if line.discount_percent else ""


def _sums(quote: Quote, lines: Sequence[Line], before: Decimal, language: Language) -> list[dict[str, str]]:
    """From the list total to what is to be paid, each step that changes something. `base`: what a tax is a percent of."""
    rates = sorted({line.tax_percent for line in lines if line.tax})
    taxed = [[line for line in lines if line.tax_percent == rate] for rate in rates]
    sums: list[tuple[str, Decimal | None, Decimal, Decimal | None]] = [
        *([("list", None, quote.list_total, None)] if quote.list_total != quote.net else []),
        *([("lines-off", None, before - quote.list_total, None)] if before != quote.list_total else []),
        *([("total-off", quote.total_discount_percent or None, quote.net - before, None)] if before != quote.net else []),
        ("net", None, quote.net, None),
        *(
            ("tax", rate, sum((x.tax for x in of), Decimal(0)), sum((x.net for x in of), Decimal(0)))
            for rate, of in zip(rates, taxed, strict=True)
        ),
    ]
    steps = [
        {
            "label": label,
            "percent": "" if rate is None else percent(rate, language),
            "base": "" if base is None else money(base, quote.currency, language),
            "amount": money(amount, quote.currency, language),
        }
        for label, rate, amount, base in sums
    ]
    total = f"{money(quote.total, quote.currency, language)} {quote.currency}"
    return [*steps, {"label": "total", "percent": "", "base": "", "amount": total}]


def _capitals(quote: Quote) -> str:
    """The total in Chinese capitals."""
    return in_capitals(quote.total, str(get_currency_name(quote.currency, locale="zh")))


def _payment(quote: Quote, language: Language) -> list[dict[str, str]]:
    """Payments as the contract will plan them; those of a draft whose schedule is not complete have no amounts."""
    due = due_amounts(quote.schedule, quote.total, quote.currency)
    percents = due_percents(quote.schedule, due or [Decimal(0)] * len(quote.schedule), quote.total)
    amounts: Sequence[Decimal | None] = due or [None] * len(percents)
    return [
        {
            "percent": percent(share, language),
            "amount": "" if amount is None else f"{money(amount, quote.currency, language)} {quote.currency}",
            "due": _due(term, language),
        }
        for term, share, amount in zip(quote.schedule, percents, amounts, strict=True)
    ]


def _due(term: dict[str, Any], language: Language) -> str:
    said = SENTENCES[language]
    if term["trigger"] == "date":
        return said["dated"].format(day=day(date.fromisoformat(term["due_on"]), language))
    return said[term["trigger"]].format(days=number(Decimal(term["due_days"]), language))


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
