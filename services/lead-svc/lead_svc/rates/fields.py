"""What people and files say of a rate."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.fields import Day, Name
from shared.money import Currency, plain

_WRITTEN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,8})?", re.ASCII)
_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,8})?$"
_SAYS = "Write a rate above 0 as a text, for example 7.1234: up to 9 digits, then a point and up to 8 more where needed."


def _read(value: Any) -> Decimal:
    found = Decimal(value) if isinstance(value, str) and _WRITTEN.fullmatch(value) else value
    if not isinstance(found, Decimal) or found <= 0:
        raise PydanticCustomError("rate_format", _SAYS)
    return found


RateValue = Annotated[
    Decimal,
    BeforeValidator(_read),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": _PATTERN, "examples": ["7.1234"]}),
]


class RateFields(BaseModel):
    """Units of the reporting currency for one unit of `currency`, from `day` on until the next one."""

    currency: Currency
    day: Day
    rate: RateValue
    source: Annotated[Name, Field(description="Where it comes from, for example ECB.")]
