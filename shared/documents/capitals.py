"""Amounts in the capital numerals of Chinese papers, as the Ministry of Finance and the People's Bank want them written. Pure.

A whole amount, and one that ends with a tenth, ends in 整, so that nobody adds to it. A gap in the digits is one 零. Between the unit and
a tenth none is written, which both rules allow.
"""

from decimal import Decimal

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_TEN_THOUSAND, _HUNDRED_MILLION = 10**4, 10**8
_PARTS = ("角", "分", "厘", "毫")
"""Tenths, hundredths and so on of a currency's unit."""
MOST = 10**16


def in_capitals(amount: Decimal, currency: str) -> str:
    """The amount with the currency's Chinese name before it: `人民币壹仟贰佰元整`.

    ValueError: it is below zero, too large, or finer than a ten-thousandth.
    """
    if not 0 <= amount < MOST:
        raise ValueError("capitals are written of amounts from 0 to below ten thousand million million")
    whole, parts = int(amount), amount % 1 * 10 ** len(_PARTS)
    if parts % 1:
        raise ValueError("there are no capitals for such small parts")
    digits = f"{int(parts):0{len(_PARTS)}d}".rstrip("0")
    said = f"{_whole(whole)}元" if whole or not digits else ""
    gap = bool(whole)
    for digit, part in zip(digits, _PARTS, strict=False):
        if digit != "0":
            said += _DIGITS[int(digit)] + part
        elif gap:
            said += _DIGITS[0]
        gap = gap and digit != "0"
    return currency + said + ("整" if len(digits) < 2 else "")


def _whole(number: int) -> str:
    for size, name in ((_HUNDRED_MILLION, "亿"), (_TEN_THOUSAND, "万")):
        if number >= size:
            high, low = divmod(number, size)
            return _whole(high) + name + (_DIGITS[0] if 0 < low < size // 10 else "") + (_whole(low) if low else "")
    if number == 0:
        return _DIGITS[0]
    said = ""
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            said += _DIGITS[digit] + _PLACES[place]
        elif said and number % 10**place and not said.endswith(_DIGITS[0]):
            said += _DIGITS[0]
    return said
