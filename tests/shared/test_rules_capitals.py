"""Amounts in Chinese capitals: each is what a bank would write, and says exactly the amount."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents.capitals import MOST, in_capitals


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("0", "零元整"),
        ("1", "壹元整"),
        ("10", "壹拾元整"),
        ("15.00", "壹拾伍元整"),
        ("100", "壹佰元整"),
        ("101", "壹佰零壹元整"),
        ("1001", "壹仟零壹元整"),
        ("1010", "壹仟零壹拾元整"),
        ("10000", "壹万元整"),
        ("10010", "壹万零壹拾元整"),
        ("100000", "壹拾万元整"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("1000001", "壹佰万零壹元整"),
        ("100000000", "壹亿元整"),
        ("100000001", "壹亿零壹元整"),
        ("100010000", "壹亿零壹万元整"),
        ("110000000", "壹亿壹仟万元整"),
        ("1000000000000", "壹万亿元整"),
        ("1000100000000", "壹万零壹亿元整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("12.345", "壹拾贰元叁角肆分伍厘"),
        ("12.005", "壹拾贰元零伍厘"),
        ("12.105", "壹拾贰元壹角零伍厘"),
    ],
)
def test_an_amount_in_capitals(amount: str, written: str) -> None:
    assert in_capitals(Decimal(amount), "人民币") == f"人民币{written}"


def test_the_currency_is_named_before_it() -> None:
    assert in_capitals(Decimal("1234"), "日元") == "日元壹仟贰佰叁拾肆元整"


@pytest.mark.parametrize("amount", [Decimal("-1"), Decimal(MOST), Decimal("0.00001")])
def test_what_has_no_capitals_is_refused(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="capitals"):
        in_capitals(amount, "")


_VALUES = dict(zip("零壹贰叁肆伍陆柒捌玖", range(10), strict=True)) | {"拾": 10, "佰": 100, "仟": 1000}


def _read(written: str) -> Decimal:
    """The amount that a reader makes of it, by another way than the writer's: from units upwards."""
    head, _, tail = written.removesuffix("整").rpartition("元")
    total = section = digit = 0
    for character in head:
        if character in "万亿":
            section += digit
            digit = 0
            if character == "万":
                total, section = total + section * 10**4, 0
            else:
                total, section = (total + section) * 10**8, 0
        elif _VALUES[character] < 10:
            digit = _VALUES[character]
        else:
            section, digit = section + digit * _VALUES[character], 0
    parts, value = Decimal(0), 0
    for character in tail:
        if character in "角分厘毫":
            parts += value * Decimal("0.1") ** ("角分厘毫".index(character) + 1)
        else:
            value = _VALUES[character]
    return total + section + digit + parts


@given(st.decimals(0, MOST - 1, places=4))
def test_it_says_exactly_the_amount(amount: Decimal) -> None:
    written = in_capitals(amount, "")
    assert _read(written) == amount
    assert "零零" not in written
