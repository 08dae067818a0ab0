"""Money at the edges: which texts are amounts, which amounts can be paid, and how one value looks."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.money import Amount, Money, MoneyIn, Percent, Quantity, Worth, in_minor_units, too_fine


def refused(kind: Any, value: object) -> tuple[str, tuple[int | str, ...]]:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(kind).validate_python(value)
    return found.value.errors()[0]["type"], found.value.errors()[0]["loc"]


@pytest.mark.parametrize(
    "text", ["1_000", " 1 ", "+1", "١٢", "１２", "1e3", "1,000", "1.", ".5", "", "NaN", "Infinity", "1.00000", "9" * 15]
)
@pytest.mark.parametrize("kind", [Amount, Percent, Quantity])
def test_an_amount_is_plain_digits(kind: Any, text: str) -> None:
    assert refused(kind, text)[0] == "decimal_format"


@pytest.mark.parametrize("number", [5, 0.1, True, None])
def test_a_number_is_no_amount(number: object) -> None:
    assert refused(Amount, number)[0] == "decimal_format"


@pytest.mark.parametrize("zero", ["-0", "-0.00", "0", "0.0000"])
def test_there_is_one_zero(zero: str) -> None:
    money = MoneyIn.model_validate({"amount": zero, "currency": "CNY"})
    assert not money.amount.is_signed()
    assert Money(amount=Decimal(zero), currency="CNY").model_dump()["amount"] == "0.00"
    assert TypeAdapter(Percent).dump_json(TypeAdapter(Percent).validate_python("0.00")) == b'"0"'


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1.005", "CNY"), ("100.5", "JPY"), ("0.0001", "EUR"), ("1.2345", "KWD")],
)
def test_nobody_can_pay_parts_of_the_smallest_amount(amount: str, currency: str) -> None:
    assert refused(MoneyIn, {"amount": amount, "currency": currency}) == ("too_fine", ("amount",))
    assert too_fine(Decimal(amount), currency) is not None


@pytest.mark.parametrize(("amount", "currency"), [("1.00", "CNY"), ("1.0000", "CNY"), ("100.0", "JPY"), ("1.234", "KWD"), ("-3.50", "EUR")])
def test_whole_smallest_amounts_can_be_paid(amount: str, currency: str) -> None:
    assert MoneyIn.model_validate({"amount": amount, "currency": currency}).amount == Decimal(amount)


def test_an_unknown_field_or_currency_is_refused() -> None:
    assert refused(MoneyIn, {"amount": "1", "currency": "CNY", "x": 1}) == ("extra_forbidden", ("x",))
    assert refused(MoneyIn, {"amount": "1", "currency": "XQX"})[1] == ("currency",)


def test_worth_is_not_negative() -> None:
    assert refused(Worth, {"amount": "-1", "currency": "CNY"})[0] == "value_error"


@pytest.mark.parametrize("percent", ["13", "13.0", "13.0000"])
def test_one_percent_has_one_form(percent: str) -> None:
    adapter = TypeAdapter(Percent)
    assert adapter.dump_python(adapter.validate_python(percent)) == "13"
    assert adapter.dump_python(Decimal("100.0000")) == "100"
    assert adapter.dump_python(Decimal("12.5000")) == "12.5"
    assert refused(Percent, "100.01")[0] == "less_than_equal"


def test_an_amount_has_one_form_in_its_currency() -> None:
    for same in ("50000", "50000.0", "50000.0000"):
        assert str(in_minor_units(Decimal(same), "CNY")) == "50000.00"
        assert str(in_minor_units(Decimal(same), "JPY")) == "50000"
    assert str(in_minor_units(Decimal("0.0420"), "CNY")) == "0.042"
