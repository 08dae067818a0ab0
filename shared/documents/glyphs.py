"""Which characters the documents' fonts can print. Typst prints a box for those they cannot, and says nothing."""

import struct
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from shared.errors import Invalid

FONTS = (
    ("font_source_sans_pro", "files/SourceSansPro-Regular.otf"),
    ("cvttf_NotoSansCJK_Regular", "NotoSansCJKtc-Regular.otf"),
)
"""The packages that bring them, each with the file that counts: European letters, then those of China, Japan and Korea."""
_LAYOUT = "\n"
"""Characters that a template turns into layout."""
_LONGEST_NAME = 60


@lru_cache(maxsize=1)
def font_files() -> tuple[Path, ...] | None:
    """Where the fonts are; None where one is not installed."""
    found = [find_spec(package) for package, _ in FONTS]
    if not all(spec is not None and spec.origin is not None for spec in found):
        return None
    return tuple(Path(str(spec and spec.origin)).parent / file for spec, (_, file) in zip(found, FONTS, strict=True))


def check(said: Mapping[str, Any], coverages: Sequence["Coverage"]) -> None:
    """Refuse what cannot be printed, with the field and the character."""
    for pointer, text in _texts(said, ""):
        for character in text:
            if character not in _LAYOUT and not any(ord(character) in coverage for coverage in coverages):
                name = unicodedata.name(character, "a character without a name")[:_LONGEST_NAME]
                says = f"The document's fonts cannot print U+{ord(character):04X} ({name}) in {pointer}; write it otherwise."
                raise Invalid(says, pointer=pointer, code="unprintable_character")


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, f"{pointer}/{name}")
    elif isinstance(value, Sequence):
        for n, part in enumerate(value):
            yield from _texts(part, f"{pointer}/{n}")


class Coverage:
    """The code points that a font has a glyph for, as ranges."""

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in ranges]
        self._ends = [end for _, end in ranges]

    def __contains__(self, code: int) -> bool:
        at = bisect_right(self._starts, code) - 1
        return at >= 0 and code <= self._ends[at]


@lru_cache(maxsize=8)
def coverage_of(font: Path) -> Coverage:
    """Read from the font's own table `cmap`, format 12, which has the whole of Unicode."""
    with font.open("rb") as file:
        (tables,) = struct.unpack(">4xH6x", file.read(12))
        start = next(offset for tag, offset in struct.iter_unpack(">4s4xI4x", file.read(16 * tables)) if tag == b"cmap")
        file.seek(start)
        (encodings,) = struct.unpack(">2xH", file.read(4))
        for (offset,) in list(struct.iter_unpack(">4xI", file.read(8 * encodings))):
            file.seek(start + offset)
            if struct.unpack(">H", file.read(2))[0] == 12:
                (groups,) = struct.unpack(">10xI", file.read(14))
                return Coverage([(first, last) for first, last in struct.iter_unpack(">II4x", file.read(12 * groups))])
    raise ValueError("the font has no table of all its characters")
