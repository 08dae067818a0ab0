"""Money at the edges: an exact decimal string and an ISO 4217 code."""

import re
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Annotated, Any

from babel.numbers import get_currency_precision, list_currencies
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_serializer,
    field_validator,
)
from pydantic_core import PydanticCustomError

from shared.sentences import written


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache
def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for CNY, 1 for JPY."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)


def too_fine(amount: Decimal, currency: str) -> str | None:
    """Why nobody can pay exactly this amount: it has a part of the currency's smallest one.

    None for an amount that can be paid.
    """
    unit = minor_unit(currency)
    return f"The smallest amount of {currency} is {unit:f}; write a whole number of them." if amount % unit else None


def in_minor_units(amount: Decimal, currency: str) -> Decimal:
    """The amount in its usual form: 50000.0000 out of a column and 50000 out of a request are the same 50000.00 CNY.

    What is finer than the currency's smallest amount stays, without zeros at its end.
    """
    short = rounded(amount, currency)
    return short if short == amount else amount.normalize()


def shares(total: Decimal, percents: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`total` split by percents that add up to 100: each rounded down to the minor unit, the last one takes the rest."""
    unit = minor_unit(currency)
    parts = [(total * p / 100).quantize(unit, ROUND_DOWN) for p in percents[:-1]]
    return [*parts, total - sum(parts, Decimal(0))]


_CURRENCY = "Write the currency as an ISO 4217 code, for example CNY or EUR."


def _known(code: str) -> str:
    if code not in currencies():
        raise ValueError(_CURRENCY)
    return code


_DECIMAL = r"-?[0-9]{1,14}(\.[0-9]{1,4})?"
_WRITTEN = re.compile(_DECIMAL)


def read_decimal(value: Any) -> Decimal:
    """The number that a plain decimal text names.

    No exponent, sign +, blanks, separators or other digits; -0 is 0.
    """
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise PydanticCustomError(
            "decimal_format",
            "Write a decimal number as a text, for example 1234.50: up to 14 digits, then a point and up to 4 more where needed.",
        )
    return value if value else abs(value)


def plain(value: Decimal) -> str:
    """The shortest text of a number, so that 13, 13.0 and 13.0000 look alike."""
    return format(value.normalize(), "f") if value else "0"


def _as_given(value: Decimal) -> str:
    return format(value, "f")


Currency = Annotated[str, written(r"^[A-Z]{3}$", _CURRENCY), Field(examples=["CNY"]), AfterValidator(_known)]
_ABOVE_0 = r"^([1-9][0-9]{0,11}(\.[0-9]{1,4})?|0\.([1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9]))$"
Amount = Annotated[
    Decimal,
    BeforeValidator(read_decimal),
    Field(max_digits=18, decimal_places=4),
    PlainSerializer(_as_given, return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": f"^{_DECIMAL}$", "examples": ["123.45"]}),
]
Unsigned = Annotated[
    Decimal,
    BeforeValidator(read_decimal),
    Field(ge=0, max_digits=18, decimal_places=4),
    PlainSerializer(_as_given, return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": f"^{_DECIMAL.removeprefix('-?')}$", "examples": ["123.45"]}),
]
"""An amount that is not below zero."""
Quantity = Annotated[
    Decimal,
    BeforeValidator(read_decimal),
    Field(gt=0, max_digits=12, decimal_places=4),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": _ABOVE_0, "examples": ["3"]}),
]
Stock = Annotated[
    Decimal,
    BeforeValidator(read_decimal),
    Field(ge=0, max_digits=12, decimal_places=4),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,4})?$", "examples": ["12"]}),
]
"""How much there is of something: a quantity that may be 0."""
Percent = Annotated[
    Decimal,
    BeforeValidator(read_decimal),
    Field(ge=0, le=100, decimal_places=4),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema(
        {"type": "string", "format": "decimal", "pattern": r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)$", "examples": ["12.5"]}
    ),
]


class Money(BaseModel):
    """An amount in a currency. `amount` is an exact decimal string, never a float."""

    model_config = ConfigDict(frozen=True)

    amount: Amount
    currency: Currency

    @field_serializer("amount")
    def _with_minor_unit(self, amount: Decimal) -> str:
        return _as_given(in_minor_units(amount, self.currency))


class MoneyIn(BaseModel):
    """An amount that somebody names: `amount` is an exact decimal string in whole minor units of `currency`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Currency
    amount: Amount

    @field_validator("amount")
    @classmethod
    def _payable(cls, amount: Decimal, info: ValidationInfo) -> Decimal:
        currency = info.data.get("currency")  # absent when it is wrong itself
        if currency is not None and (says := too_fine(amount, currency)):
            raise PydanticCustomError("too_fine", "{says}", {"says": says})
        return amount


def _not_negative(money: MoneyIn) -> MoneyIn:
    if money.amount < 0:
        raise ValueError("An amount cannot be below 0.")
    return money


class UnitPrice(BaseModel):
    """The price of one unit: `amount` may be finer than the currency's smallest amount, down to four decimals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Currency
    amount: Annotated[Amount, Field(ge=0)]


Worth = Annotated[MoneyIn, AfterValidator(_not_negative)]
"""What something costs or may bring."""
