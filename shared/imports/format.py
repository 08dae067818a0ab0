"""How a file of rows is written: encoding, delimiter, line ends, header."""

import codecs
import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from shared.errors import Invalid
from shared.imports.encoding import PYTHON

DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 200
"""Rows by which the delimiter is found."""


@dataclass(frozen=True, slots=True)
class Format:
    encoding: str
    delimiter: str
    line_end: bytes = b"\n"
    counts_rows: bool = False
    """A row of a workbook has its own number, however many lines its cells hold."""

    @property
    def python_encoding(self) -> str:
        return PYTHON[self.encoding]


def line_end_of(lone_returns: int, newlines: int) -> bytes:
    """Old programs end lines by a carriage return alone."""
    return b"\r" if lone_returns > newlines else b"\n"


def decoded(sample: bytes, encoding: str, line_end: bytes) -> list[str]:
    """The sample's lines; one that is cut off at its end is left out, unless it is the only one."""
    raw = sample.removeprefix(codecs.BOM_UTF8) if encoding.startswith("utf-8") else sample
    lines = raw.split(line_end)
    if len(lines) > 1:
        lines.pop()
    return [line.decode(PYTHON[encoding], "replace").removesuffix("\r") + "\n" for line in lines]


def rows_of(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Rows up to the first that cannot be parsed."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            return
        if row is None:
            return
        yield row


def delimiter_of(lines: Sequence[str], wanted: Collection[str]) -> str:
    """The delimiter by which the rows have as many cells as the header, best of all with the columns that are wanted."""
    return max(DELIMITERS, key=lambda delimiter: _fit(lines, delimiter, wanted))


def _fit(lines: Sequence[str], delimiter: str, wanted: Collection[str]) -> tuple[int, int, float, int]:
    rows = [row for _, row in zip(range(_LOOKED_AT), rows_of(lines, delimiter), strict=False) if any(row)]
    if not rows:
        return (0, 0, 0.0, 0)
    header, body = [cell.strip() for cell in rows[0]], rows[1:]
    alike = sum(len(row) == len(header) for row in body) / len(body) if body else 1.0
    return (sum(name in header for name in set(wanted)), len(header) > 1 and alike > 0.5, alike if len(header) > 1 else 0.0, len(header))


def header_of(lines: Sequence[str], delimiter: str) -> list[str]:
    """The names of the columns, in the first line that is not empty; an unnamed column is passed over.

    `Invalid` for what is no header.
    """
    try:
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        names = next(([storable(name.strip()) for name in row] for row in rows if any(map(str.strip, row))), [])
    except csv.Error as error:
        raise Invalid(_in_words(error), pointer="file", code="bad_header") from None
    if not any(names):
        raise Invalid("The file is empty; its first line must name the columns.", pointer="file", code="empty_file")
    while not names[-1]:
        names.pop()
    return names


def storable(text: str) -> str:
    """Text that the database can hold: it has no NUL."""
    return text.replace("\0", "\ufffd")


def _in_words(error: csv.Error) -> str:
    if "field limit" in str(error):
        return "The first line has a name of more than 131,072 characters; its first line must name the columns."
    if "new-line character" in str(error):
        return "The first line has a carriage return in its middle; end lines by LF or CRLF, all in the same way."
    return "The first line has a quote that is not closed; its first line must name the columns."
