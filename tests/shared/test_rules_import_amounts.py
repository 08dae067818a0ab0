"""Amounts in the rows of a file: marks, signs, brackets, and what a whole column settles."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imports.amounts import Amounts
from shared.imports.columns import AmountColumns, Unsettled


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234.5", "1234.5"),
        ("1234,5", "1234.5"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234\u00a0567", "1234567"),
        ("1\u202f234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1’234.50", "1234.50"),
        ("12,34,567.00", "1234567"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("0,50", "0.50"),
        ("-3", "-3"),
        ("3-", "-3"),
        ("(3)", "-3"),
        ("−3", "-3"),
        ("+3", "3"),
        ("１２３４．５０", "1234.50"),
        ("1.2E+05", "120000"),
        ("88000.00", "88000"),
        ("12.50 ", "12.50"),
        ("CNY 12.50", "12.50"),
        ("12,50 CNY", "12.50"),
        ("¥12.50", "12.50"),
        ("￥12.50", "12.50"),
        ("12.50元", "12.50"),
        ("-¥12.50", "-12.50"),
        ("(¥1,234.50)", "-1234.50"),
        ("¥-12.50", "-12.50"),
        ("RMB 12.50", "12.50"),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, expected: str) -> None:
    assert Amounts("CNY").read(text) == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    [
        "1_000",
        "١٢٣",
        "12 50",
        "1.2.3",
        "1,23,4",
        "--3",
        "(-3)",
        "ten",
        "1,234,56",
        "12€€",
        "NaN",
        "Infinity",
        "1e999",
        "9" * 40,
        "12.50 XQQ",
        "0x10",
        "",
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount"):
        Amounts("CNY").read(text)


@pytest.mark.parametrize("text", ["12.500", "12,500", "1.234", "-1,234", "¥ 1,234"])
def test_what_may_mean_two_amounts_is_refused_unless_it_is_settled(text: str) -> None:
    with pytest.raises(ValueError, match="may mean"):
        Amounts("CNY").read(text, "amount")
    mark = "." if "." in text else ","
    grouped = Amounts("CNY", given="," if mark == "." else ".").read(text)
    assert Amounts("CNY", marks={"amount": "," if mark == "." else "."}).read(text, "amount") == grouped
    assert grouped == grouped.to_integral_value()


def test_the_given_decimal_mark_is_kept_to() -> None:
    german = Amounts("EUR", given=",")
    assert german.read("12.500") == 12500
    assert german.read("12,5") == Decimal("12.5")
    with pytest.raises(ValueError, match="decimal mark ,"):
        german.read("12.50")


@pytest.mark.parametrize(
    ("text", "currency", "says"),
    [
        ("€12.50", "CNY", "says EUR, but the row's currency is CNY"),
        ("€12.50", None, "names no currency, so it counts as CNY"),
        ("$12.50", "EUR", "USD"),
        ("12.50 USD", "EUR", "says USD"),
        ("EUR 12.50 $", "EUR", "two currencies"),
    ],
)
def test_a_sign_that_says_another_currency_refuses_the_row(text: str, currency: str | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Amounts("CNY").read(text, "amount", currency)


def test_a_sign_of_several_currencies_fits_each_of_them() -> None:
    assert Amounts("CNY").read("$12.50", "amount", "AUD") == Amounts("CNY").read("kr 12,50", "amount", "DKK") == Decimal("12.50")
    assert Amounts("CNY").read("¥12", "amount", "JPY") == 12


def test_an_amount_has_no_more_decimals_than_its_currency() -> None:
    assert Amounts("JPY").read("12.00") == 12
    for text, currency in (("12.5", "JPY"), ("12.3456", "EUR")):
        with pytest.raises(ValueError, match="The smallest amount of"):
            Amounts("CNY").read(text, "amount", currency)


def settled(**columns: list[str]) -> dict[str, str]:
    found = AmountColumns()
    for name, values in columns.items():
        found.see(name, values)
    return {name: one.value for name, one in found.settled().items()}


def test_one_value_settles_its_column_and_the_columns_that_show_nothing() -> None:
    assert settled(amount=["12.500", "1.200,50"]) == {"amount": ","}
    assert settled(amount=["12,500", "7.25", "100"]) == {"amount": "."}
    assert settled(amount=["12.500", "1.234.567"]) == {"amount": ","}
    assert settled(amount=["12.500"], fee=["3,5"]) == {"amount": ","}
    assert settled(amount=["1200.50", "1200,50", "", "n/a"]) == {}


@pytest.mark.parametrize("values", [["12.500"], ["12.500", "1000"], ["12.500", "1.5", "1,5"]])
def test_what_nothing_settles_is_refused_with_its_two_readings(values: list[str]) -> None:
    with pytest.raises(Unsettled, match=r"12\.500 may mean 12\.500 or 12500") as refused:
        settled(amount=values)
    assert (refused.value.option, refused.value.candidates) == ("decimal", [".", ","])


@given(st.decimals(-10_000_000, 10_000_000, places=2), st.sampled_from(["{:,.2f}", "{:.2f}"]), st.booleans())
def test_an_amount_of_two_decimals_is_read_exactly(amount: Decimal, form: str, german: bool) -> None:
    text = form.format(amount)
    if german:
        text = text.translate(str.maketrans(",.", ".,"))
    assert Amounts("CNY").read(text) == amount


@given(st.text(st.sampled_from("0123456789.,-+()€$¥ '\u00a0eE元kr٣１"), max_size=20))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    for amounts in (Amounts("CNY"), Amounts("JPY", given=","), Amounts("EUR", marks={"": "."})):
        try:
            assert amounts.read(text).is_finite()
        except ValueError:
            continue
