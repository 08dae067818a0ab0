"""How texts are made findable, and how what was found is put in order. Pure.

A text is cut into pieces, which are numbers; a record is looked at when it has all pieces of what is asked. So it needs no blanks between
words, and Chinese is found like English. Whether the text is really there, a comparison says in the end.

A piece is two characters long, or three where none of them is a Chinese one: two letters or digits are in too many texts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shared.spelling import compared

_PRIME, _BITS = 65_599, 32
_WIDE = 0x2E80
"""From here on a character is a syllable or a word by itself: Chinese, Japanese, Korean."""
_ESCAPED = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})
BREAK = "\n"


def line(name: str, value: str | None) -> str:
    """A value as it is searched, with a blank before each word. A phone number is found with and without its blanks and strokes."""
    if not value:
        return ""
    said = compared(value)
    if name == "phone":
        digits = "".join(c for c in said if c.isdigit())
        said = f"{said} {'+' * said.startswith('+')}{digits}"
    return f" {said}"


def text(values: Mapping[str, str | None]) -> str:
    """A line for each value, in their order: by its place one knows which value it is."""
    return BREAK.join(line(name, value) for name, value in values.items())


@lru_cache(maxsize=1 << 16)
def _number(characters: str) -> int:
    number = 0
    for one in characters:
        number = number * _PRIME + ord(one)
    return (number & ((1 << _BITS) - 1)) - (1 << (_BITS - 1))


def _cut(said: str) -> Iterable[str]:
    begins = [f" {word[0]}" for word in said.split(" ")[1:] if word]
    if said.isascii():
        return [*begins, *(said[n : n + 3] for n in range(len(said) - 2))]
    wide = [ord(one) >= _WIDE for one in said]
    pairs = [said[n : n + 2] for n in range(len(said) - 1) if wide[n] or wide[n + 1]]
    return [*begins, *pairs, *(said[n : n + 3] for n in range(len(said) - 2) if not any(wide[n : n + 3]))]


def pieces(*texts: str) -> list[int]:
    """The pieces of all lines of these texts, each once."""
    found: set[int] = set()
    for said in texts:
        for each in said.split(BREAK):
            found.update(map(_number, _cut(each)))
    return list(found)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for: each of these words. One that is too short for a piece is looked for where words begin."""

    whole: str
    words: tuple[str, ...]

    @property
    def pieces(self) -> list[int]:
        return pieces(*self.words)

    @property
    def patterns(self) -> list[str]:
        """What a text is like that has the words, for LIKE."""
        return [f"%{word.translate(_ESCAPED)}%" for word in self.words]


def asked(given: str) -> Asked:
    said = compared(given) or given.casefold()
    words = dict.fromkeys(said.split(" ") if said.strip() else [said])
    return Asked(said, tuple(f" {word}" if _is_short(word) else word for word in words))


def _is_short(word: str) -> bool:
    return len(word) == 1 or (len(word) == 2 and max(map(ord, word)) < _WIDE)


@dataclass(frozen=True, slots=True)
class Hit:
    """`place`: 0 is the best. `lines`: the places of the lines that have a word of what was asked, the best first."""

    place: int
    lines: tuple[int, ...]


def hit(said: str, question: Asked) -> Hit:
    """How well a text meets a question that it meets: the same, begun by it, with words that begin so, or just with it."""
    best, lines = 3, []
    whole, every = f" {question.whole}", said.split(BREAK)
    begins = [f" {word.lstrip()}" for word in question.words]
    for n, one in enumerate(every):
        if one and any(word in one for word in question.words):
            place = 0 if one == whole else 1 if one.startswith(whole) else 2 if all(word in one for word in begins) else 3
            lines.append((place, n))
            best = min(best, place)
    if best == 3 and all(any(word in one for one in every) for word in begins):
        best = 2
    return Hit(best, tuple(n for _, n in sorted(lines)))


def by_place(hits: Sequence[Hit]) -> list[int]:
    """The places of these, the best first; among equals their own order stays."""
    return sorted(range(len(hits)), key=lambda n: hits[n].place)
