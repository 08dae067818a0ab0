"""Money at the edges: an exact decimal string and an ISO 4217 code (conventions §1)."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Annotated

from babel.numbers import get_currency_precision, list_currencies
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema, field_serializer

from shared.as_text import AsText


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache
def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for CNY, 1 for JPY."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)


def shares(total: Decimal, percents: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`total` split by percents that add up to 100: each rounded down to the minor unit, the last one takes the rest (domain-model §4)."""
    unit = minor_unit(currency)
    parts = [(total * p / 100).quantize(unit, ROUND_DOWN) for p in percents[:-1]]
    return [*parts, total - sum(parts, Decimal(0))]


def _known(code: str) -> str:
    if code not in currencies():
        raise ValueError("not an ISO 4217 currency code; write for example CNY or EUR")
    return code


def _plain(value: Decimal) -> str:
    return format(value, "f")


Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["CNY"]), AfterValidator(_known)]
Amount = Annotated[
    Decimal,
    AsText,
    Field(max_digits=18, decimal_places=4),
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": r"^-?\d{1,14}(\.\d{1,4})?$", "examples": ["123.45"]}),
]
Percent = Annotated[
    Decimal,
    AsText,
    Field(ge=0, le=100, decimal_places=4),
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": r"^(100(\.0{1,4})?|\d{1,2}(\.\d{1,4})?)$", "examples": ["12.5"]}),
]


class Money(BaseModel):
    """An amount in a currency. `amount` is an exact decimal string, never a float."""

    model_config = ConfigDict(frozen=True)

    amount: Amount
    currency: Currency

    @field_serializer("amount")
    def _with_minor_unit(self, amount: Decimal) -> str:
        """50000.0000 out of a column and 50000 out of a request are the same 50000.00 CNY; more decimals stay where they count."""
        short = rounded(amount, self.currency)
        return _plain(short if short == amount else amount.normalize())
