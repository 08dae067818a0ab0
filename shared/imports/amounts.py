"""Amounts in the rows of a file, as people write them: marks, signs of currencies, brackets."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo

from shared.imports.kinds import AMOUNT
from shared.money import currencies, too_fine

SIGNS: dict[str, tuple[str, ...]] = {
    "€": ("EUR",), "£": ("GBP",), "¥": ("CNY", "JPY"), "元": ("CNY",), "人民币": ("CNY",), "rmb": ("CNY",), "円": ("JPY",), "₩": ("KRW",),
    "원": ("KRW",), "₹": ("INR",), "₽": ("RUB",), "руб": ("RUB",), "руб.": ("RUB",), "₺": ("TRY",), "₫": ("VND",), "₴": ("UAH",),
    "zł": ("PLN",),
    "kč": ("CZK",), "ft": ("HUF",), "r$": ("BRL",), "us$": ("USD",), "a$": ("AUD",), "c$": ("CAD",), "ca$": ("CAD",), "hk$": ("HKD",),
    "nt$": ("TWD",), "s$": ("SGD",), "kr": ("SEK", "NOK", "DKK", "ISK"), "kr.": ("SEK", "NOK", "DKK", "ISK"),
    "chf": ("CHF",), "fr.": ("CHF",),
    "$": ("USD", "AUD", "CAD", "NZD", "SGD", "HKD", "TWD", "MXN", "CLP", "COP", "ARS"), "₱": ("PHP",), "฿": ("THB",), "₪": ("ILS",),
}  # fmt: skip
"""What stands before or after an amount, and the currencies it may mean."""
HOW = "write 1234.50, or give decimal"
_SPACES = re.compile("(?<=[0-9])[ \u00a0\u202f\u2009'’](?=[0-9]{3}(?![0-9]))")
_PARTS = re.compile(r"(?P<before>[^0-9.,]*?)(?P<number>[.,]?[0-9](?:[0-9.,]*[0-9])?)(?P<after>[^0-9]*)")
_POWER = re.compile(r"[0-9](?:[.,][0-9]+)?[eE][+-]?[0-9]{1,2}")
_GROUPED = {mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{2,3}})*{re.escape(mark)}[0-9]{{3}}") for mark in ".,"}
_LARGEST = 17
"""Digits before the decimal mark, less one."""
_OTHER = {".": ",", ",": "."}


@dataclass(frozen=True, slots=True)
class Amounts:
    """How the amounts of one file are read."""

    reporting: str = "CNY"
    """The currency of a row that names none."""
    given: str | None = None
    """The decimal mark that the importer named."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """By field: the decimal mark that the whole file shows."""

    def read(self, value: str, name: str = "", currency: str | None = None) -> Decimal:
        """The amount. `ValueError` for what is none, is not clear, or says another currency than the row."""
        text, negative, meant = taken_apart(value)
        owner = currency or self.reporting
        if meant and owner not in meant:
            where = "the row's currency is" if currency else "the row names no currency, so it counts as"
            raise ValueError(f"says {' or '.join(meant)}, but {where} {owner}; map or set the currency")
        amount = self._number(text, name)
        if amount.adjusted() > _LARGEST:
            raise ValueError("is too large for an amount")
        if owner in currencies() and (says := too_fine(amount, owner)):
            raise ValueError(says)
        return -amount if negative else amount

    def _number(self, text: str, name: str) -> Decimal:
        readings = readings_of(text)
        if not readings:
            raise ValueError(f"not an amount; {HOW}")
        if self.given is not None:
            if self.given not in readings:
                raise ValueError(f"not an amount with the decimal mark {self.given}")
            return readings[self.given]
        if len(set(readings.values())) == 1:
            return next(iter(readings.values()))
        if name not in self.marks:
            meant = " or ".join(f"{reading:f}" for reading in readings.values())
            raise ValueError(f"may mean {meant}; give decimal")
        return readings[self.marks[name]]


def taken_apart(value: str) -> tuple[str, bool, tuple[str, ...]]:
    """The number alone, whether it is negative, and the currencies that its sign may mean."""
    text = value.strip()
    if any(c.isdigit() and not c.isascii() for c in text):
        text = unicodedata.normalize("NFKC", text)
    text = text.replace("￥", "¥").replace("＄", "$").replace("−", "-").strip()
    if _POWER.fullmatch(text.lstrip("+-")):
        return text.lstrip("+-"), text.startswith("-"), ()
    bracketed = text.startswith("(") and text.endswith(")")
    parts = _PARTS.fullmatch(_SPACES.sub("", text[1:-1].strip() if bracketed else text))
    if parts is None:
        raise ValueError(f"not an amount; {HOW}")
    before, after = parts["before"], parts["after"]
    minus = before.count("-") + after.count("-")
    words = [word for side in (before, after) if (word := side.replace("-", "").replace("+", "").strip(" \u00a0\u202f").lower())]
    if minus + bracketed > 1 or len(words) > 2:
        raise ValueError(f"not an amount; {HOW}")
    meant: set[str] | None = None
    for word in words:
        means = set(SIGNS.get(word, (word.upper(),) if word.upper() in currencies() else ()))
        if not means:
            raise ValueError(f"not an amount, or the sign of a currency that is not known; {HOW}")
        meant = means if meant is None else meant & means
    if meant is not None and not meant:
        raise ValueError("says two currencies")
    return parts["number"], bool(minus or bracketed), tuple(sorted(meant or ()))


def readings_of(number: str) -> dict[str, Decimal]:
    """What a number may mean, by its decimal mark. Empty: it is no number.

    The same value twice: it is clear.
    """
    if _POWER.fullmatch(number):
        exact = Decimal(number.replace(",", "."))
        return {mark: exact for mark in ".," if mark in number} or dict.fromkeys(".,", exact)
    found = {}
    for mark in ".,":
        whole, point, part = number.partition(mark)
        grouping = _OTHER[mark]
        if mark in part or grouping in part or (point and not part):
            continue
        if grouping in whole and (not _GROUPED[grouping].fullmatch(whole) or whole.startswith("0")):
            continue
        digits = whole.replace(grouping, "")
        if digits.isdigit() or (not digits and part):
            found[mark] = Decimal(f"{digits or '0'}.{part or '0'}" if point else digits)
    return found


def _amount(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str) and info.context:
        return info.context["amounts"].read(value, info.field_name or "", info.context.get("currency"))
    return value


Amount = Annotated[Decimal, AMOUNT, BeforeValidator(_amount)]
"""An amount in an imported row, in the row's currency."""
