"""Which of the older encodings a text is written in: the one whose letters make words of a language.

Pure.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from shared.imports import letters
from shared.imports.columns import Unsettled
from shared.imports.encoding import KNOWN

_CELLS = re.compile(rb'[^,;\t"\r\n]+')
"""None of these bytes is the second half of a character in any of the encodings."""
_MOST = 600
_MARGIN = 8.0
"""By how much the best must be likelier than the next, as the logarithm of a factor."""
_BELOW_USUAL = 4.0
"""How much less likely than in its language's own words a pair may be on the average."""


_SELDOM_ODD = 100
"""One mark in a place where people write none is borne among so many letters."""


def guessed(sample: Sequence[bytes], as_utf8: bool) -> tuple[str, str]:
    """The encoding, and why; UTF-8 among them if `as_utf8`.

    `Unsettled` when the text makes words in none, or other words in several.
    """
    cells = _cells(sample)
    known = [name for name in KNOWN if KNOWN[name].languages and (as_utf8 or not name.startswith("utf"))]
    ranked = sorted(((*_score(cells, name), name) for name in known), reverse=True)
    likely = [(score, name) for score, good, name in ranked if good]
    if not likely:
        message = "The file's text makes no words in any encoding that is read; name its encoding, or save it as UTF-8."
        raise Unsettled(message, "unknown_encoding", "encoding", [name for _, _, name in ranked[:3]])
    best, name = likely[0]
    text = _decoded(cells, name)
    rivals = [other for score, _, other in ranked if score > best - _MARGIN and _decoded(cells, other) != text]
    if rivals:
        message = f"The file may be {', '.join([name, *rivals])}; name its encoding, or save it as UTF-8."
        raise Unsettled(message, "unclear_encoding", "encoding", [name, *rivals])
    return name, "only so its letters make words"


def _cells(sample: Sequence[bytes]) -> list[bytes]:
    found = list(dict.fromkeys(cell for line in sample for cell in _CELLS.findall(line) if not cell.isascii()))
    return found[:: len(found) // _MOST + 1]


def _decoded(cells: Sequence[bytes], name: str) -> list[str]:
    return [cell.decode(KNOWN[name].python, "replace") for cell in cells]


def _score(cells: Sequence[bytes], name: str) -> tuple[float, bool]:
    """How likely the text is, and whether it is as likely as text usually is."""
    texts, encoding = _decoded(cells, name), KNOWN[name]
    if encoding.languages[0] in _SIGNS:
        by = letters.signs(encoding.languages[0], *_signs(encoding.languages[0]))
        total, counted = letters.score_of_signs(" ".join(texts), by)
        usual = by.usual
    else:
        total, usual = letters.score_of_letters(texts, encoding.languages)
        counted = sum(map(letters.pairs_beyond_ascii, texts))
        if name == "utf-8":
            return total - encoding.seldom, True
        odd = sum(map(letters.odd_marks, texts))
        if odd * _SELDOM_ODD > counted:
            return total - encoding.seldom, False
    return total - encoding.seldom, counted > 0 and total / counted > usual - _BELOW_USUAL


_SIGNS = ("zh", "zh_Hant", "ja", "ko")


@lru_cache
def _signs(language: str) -> tuple[str, str]:
    """The signs that the language's own code lists first, and the rest."""
    match language:
        case "zh":
            return _block("gb2312", range(0xB0, 0xD8), range(0xA1, 0xFF)), _block("gb2312", range(0xD8, 0xF8), range(0xA1, 0xFF))
        case "zh_Hant":
            trail = [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
            return _block("big5", range(0xA4, 0xC7), trail), _block("big5", range(0xC9, 0xFA), trail)
        case "ja":
            trail = [*range(0x40, 0x7F), *range(0x80, 0xFD)]
            kana = "".join(map(chr, [*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FC]))
            first = _block("shift_jis", range(0x88, 0x98), trail)
            return kana * 1 + first, _block("shift_jis", [*range(0x98, 0xA0), *range(0xE0, 0xEB)], trail)
        case _:
            return _block("euc_kr", range(0xB0, 0xC9), range(0xA1, 0xFF)), _block("euc_kr", range(0xCA, 0xFE), range(0xA1, 0xFF))


def _block(codec: str, lead: Sequence[int] | range, trail: Sequence[int] | range) -> str:
    return "".join(text for a in lead for b in trail if len(text := bytes((a, b)).decode(codec, "ignore")) == 1 and not text.isascii())
