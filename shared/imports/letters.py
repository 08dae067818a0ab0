"""How likely a text is in a language, by its letters beyond ASCII. Pure.

The letters of each language come from CLDR's names of countries, languages and currencies, which babel brings along.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import log

from babel import Locale

_EDGE = "^"
"""Stands for digits, blanks and ASCII marks."""
_IMPOSSIBLE = -18.0
"""For what no text has: control characters, bytes that mean nothing."""
_STRANGE = -12.0
_ODD = -10.0
_MIXED_CASE = -6.0
"""For a capital within a word."""
_UNSEEN = log(0.1)
"""The weight of a letter by itself, beside that of the pair that it is in."""
_CLOSING = "’”»…®™©°ºª²³–—·\u00a0、。，．・：；？！）」』】》〉％"
_OPENING = "“‘„‚«‹¿¡‐–—·\u00a0№€£¥§’"
_HALF_COMPOSED = "\u0302\u0306\u031b"
"""Windows-1258 writes Vietnamese letters with these marks as one character, and their tones as another."""
_MARKS = "“”‘’„‚«»–—…€£¥§°·•®©™º¹²³½¼¾×±´ \u00a0¿¡№‹›、。，．・：；？！（）「」『』【】《》〈〉～￥％＆＋－／　"
"""Marks beyond ASCII that people do write."""
_COMMON = {
    "zh": (
        "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用"
        "第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间知世什两次使身者被高已亲其进此话常与活正感"
        "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏付白邹孟熊秦邱江尹薛"
        "有限公司股份科技贸易实业集团电子机械信息网络软件服务商务投资管理北京上海广州深圳杭州成都南京武汉市场客户经理总监采购销售产品价格合同明华建文丽敏伟强"
    ),
    "zh_Hant": (
        "的一是了我不人在他有這個上們來到時大地為子中你說生國年著就那和要她出也得裡後自以會家可下而過天去能對小多然於心學麼之都好看起發當沒成只如事把還用"
        "第樣道想作種開美總從無情己面最女但現前些所同日手又行意動方期它頭經長兒回位分愛老因很給名法間知世什兩次使身者被高已親其進此話常與活正感"
        "王李張劉陳楊黃趙吳周徐孫馬朱胡郭何林羅鄭梁謝宋唐許韓馮鄧曹彭曾蕭田董袁潘蔣蔡余杜葉程蘇魏呂丁任沈姚盧姜崔鐘譚陸汪范金石廖賈夏付白鄒孟熊秦邱江"
        "有限公司股份科技貿易實業集團電子機械資訊網路軟體服務商務投資管理台灣臺北香港高雄市場客戶經理總監採購銷售產品價格合約明華建文麗敏偉強"
    ),
    "ja": (
        "株式会社有限日本東京大阪京都名古屋田中山本小林佐藤鈴木高橋伊渡辺村加吉井松部長課"
        "営業商品価格契約開発技術電機工製作所人年月時事者自分見行出国私生"
    ),
}
"""What names and letters hold besides; CLDR knows countries only."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """A language that is written with letters: how often one follows the other."""

    pairs: dict[str, float]
    letters: dict[str, float]
    usual: float
    """The mean score of a pair of its own words."""

    def pair(self, before: str, after: str) -> float:
        return self.pairs.get(before + after) or self.letters.get(after, _STRANGE) + _UNSEEN


@dataclass(frozen=True, slots=True)
class Signs:
    """A language that is written with a sign for each syllable or word."""

    signs: dict[str, float]
    usual: float


@lru_cache
def words(language: str) -> tuple[str, ...]:
    locale = Locale.parse(language)
    names = [*locale.territories.values(), *locale.languages.values(), *locale.currencies.values()]
    for by_form in (locale.months, locale.days):
        names += [name for form in by_form.values() for name in form.get("wide", {}).values()]
    return tuple(names)


@lru_cache
def alphabet(language: str) -> Alphabet:
    pairs: Counter[str] = Counter()
    before: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for word in words(language):
        folded = _folded(half_composed(word) if language == "vi" else unicodedata.normalize("NFC", word))
        for a, b in pairwise(folded):
            pairs[a + b] += 1
            before[a] += 1
            letters[b] += 1
    total = sum(letters.values())
    single = {b: log(n / total) for b, n in letters.items()}
    scored = {ab: log(0.9 * n / before[ab[0]] + 0.1 * letters[ab[1]] / total) for ab, n in pairs.items()}
    beyond = {ab: n for ab, n in pairs.items() if not ab.isascii()}
    usual = sum(n * scored[ab] for ab, n in beyond.items()) / max(1, sum(beyond.values()))
    return Alphabet(scored, single, usual)


@lru_cache
def signs(language: str, usual_signs: str, rare_signs: str) -> Signs:
    """`usual_signs` are those that the language's own code lists first."""
    counted = Counter(c for word in words(language) for c in word if not c.isascii())
    counted.update(dict.fromkeys(_COMMON.get(language, ""), 30))
    total = sum(counted.values())
    plain = {c: 0.4 / len(usual_signs) for c in usual_signs} | {c: 0.01 / len(rare_signs) for c in rare_signs}
    scored = {c: log(plain.get(c, 0) + 0.59 * counted[c] / total) for c in {*plain, *counted}}
    return Signs(scored, sum(n * scored[c] for c, n in counted.items()) / total)


def half_composed(text: str) -> str:
    parts = []
    for c in unicodedata.normalize("NFC", text):
        base, *marks = list(unicodedata.normalize("NFD", c))
        parts.append(unicodedata.normalize("NFC", base + "".join(m for m in marks if m in _HALF_COMPOSED)))
        parts += [m for m in marks if m not in _HALF_COMPOSED]
    return "".join(parts)


def _folded(text: str) -> str:
    return _EDGE + "".join(_low(c) if c.isalpha() or not c.isascii() else _EDGE for c in text) + _EDGE


def score_of_signs(text: str, by: Signs) -> tuple[float, int]:
    """How likely the characters beyond ASCII are, and how many there are.

    Within a Latin word there are none.
    """
    total, counted, before = 0.0, 0, " "
    for c in text:
        if not c.isascii():
            total += by.signs.get(c) or _other(c)
            counted += 1
        if before.isascii() != c.isascii():
            latin = before if before.isascii() else c
            total -= 5.0 if latin.islower() else 1.0 if latin.isupper() else 0.0
        before = c
    return total, counted


def _other(c: str) -> float:
    if c in _MARKS:
        return -7.0
    if c == "\ufffd" or unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs"):
        return _IMPOSSIBLE
    return -15.0


def score_of_letters(texts: Sequence[str], languages: Iterable[str]) -> tuple[float, float]:
    """How likely the texts are in the language that fits them best, each of them perhaps in another; and the usual score."""
    models = [alphabet(language) for language in languages]
    columns = [[_score(text, model) for text in texts] for model in models]
    best_of_all = [max(scores) for scores in zip(*columns, strict=True)]
    totals = [sum(max(own, best - _ANOTHER_LANGUAGE) for own, best in zip(column, best_of_all, strict=True)) for column in columns]
    n = max(range(len(models)), key=totals.__getitem__)
    return totals[n], models[n].usual


_ANOTHER_LANGUAGE = 3.0


def _score(text: str, model: Alphabet) -> float:
    """The sum over all pairs with a letter beyond ASCII."""
    total = 0.0
    first, before = " ", " "
    for after in f"{text} ":
        if not (before.isascii() and after.isascii()):
            total += _pair(before, after, model)
            if before.isupper() and after.islower() and first.isalpha():
                total += _MIXED_CASE
        first, before = before, after
    return total


def _pair(before: str, after: str, model: Alphabet) -> float:
    follows = _is_letter(before)
    if _is_letter(after):
        if follows:
            if _is_latin(before) != _is_latin(after) and before.isalpha() and after.isalpha():
                return _STRANGE
            return model.pair(_low(before), _low(after)) + (_MIXED_CASE if before.islower() and after.isupper() else 0.0)
        strange = not before.isascii() and before not in _OPENING
        return model.pair(_EDGE, _low(after)) - (6.0 if strange else 0.0)
    if after.isascii():
        return model.pairs.get(_low(before) + _EDGE, -4.0) if follows else -1.0
    if after in _MARKS:
        return -5.0 if not follows or after in _CLOSING else _ODD
    return _IMPOSSIBLE if after == "\ufffd" or unicodedata.category(after) in ("Cc", "Cn", "Co") else _STRANGE


def _low(c: str) -> str:
    return c if c == "İ" else c.lower()


def _is_letter(c: str) -> bool:
    return c.isalpha() or unicodedata.category(c)[0] == "M"


def _is_latin(c: str) -> bool:
    return c < "\u0250" or "\u1e00" <= c < "\u1f00"


def pairs_beyond_ascii(text: str) -> int:
    padded = f" {text} "
    return sum(not (a.isascii() and b.isascii()) for a, b in pairwise(padded))


def odd_marks(text: str) -> int:
    """Marks beyond ASCII in places where people write none."""
    count = 0
    for before, c, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if not c.isascii() and not _is_letter(c):
            count += c not in _MARKS or (_is_letter(before) and c not in _CLOSING) or (_is_letter(after) and c not in _OPENING)
    return count
