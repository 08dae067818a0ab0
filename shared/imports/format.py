"""How a CSV file is written: encoding and delimiter, given or found out, and dates as people write them."""

import codecs
import csv
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ValidationInfo

from shared.errors import Invalid

ENCODINGS = ("utf-8", "utf-8-bom", "gb18030")
DELIMITERS = (",", ";", "\t", "|")
_PYTHON = {"utf-8": "utf-8", "utf-8-bom": "utf-8", "gb18030": "gb18030"}
_UNAMBIGUOUS = ("%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d", "%Y年%m月%d日", "%d.%m.%Y", "%d.%m.%Y %H:%M")
"""Tried after ISO 8601. 01/02/2026 is not among them: it means two dates, so its format has to be given."""


@dataclass(frozen=True, slots=True)
class Format:
    encoding: str
    delimiter: str

    @property
    def python_encoding(self) -> str:
        return _PYTHON[self.encoding]


def detect(sample: bytes, encoding: str | None, delimiter: str | None) -> Format:
    """The format of a file by its first bytes, unless given. `Invalid` when it is none that we read."""
    chosen = encoding or _encoding(sample)
    if delimiter is None:
        first = text_of(sample, Format(chosen, ",")).partition("\n")[0]
        delimiter = max(DELIMITERS, key=first.count)
    return Format(chosen, delimiter)


def _encoding(sample: bytes) -> str:
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-bom"
    for name in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(name)("strict").decode(sample)
        except UnicodeDecodeError:
            continue
        return name
    raise Invalid("The file is neither UTF-8 nor GB 18030; save it as UTF-8.", pointer="encoding", code="unknown_encoding")


def text_of(sample: bytes, form: Format) -> str:
    """The sample as text; a character that is cut off at its end is left out."""
    try:
        decoded = codecs.getincrementaldecoder(form.python_encoding)("strict").decode(sample.removeprefix(codecs.BOM_UTF8))
    except UnicodeDecodeError:
        message = f"The file is not {form.encoding}; name its encoding: {', '.join(ENCODINGS)}."
        raise Invalid(message, pointer="encoding", code="wrong_encoding") from None
    return decoded


def header_of(sample: bytes, form: Format) -> list[str]:
    """The column names in the first line. `Invalid` for an empty file, unnamed or repeated columns."""
    columns = [c.strip() for c in next(csv.reader(text_of(sample, form).splitlines(keepends=True), delimiter=form.delimiter), [])]
    if not any(columns):
        raise Invalid("The file is empty; its first line must name the columns.", pointer="file", code="empty_file")
    repeated = sorted({c for c in columns if columns.count(c) > 1})
    if repeated:
        raise Invalid("The first line names a column twice; give each column its own name.", pointer="file", code="repeated_column")
    return columns


@dataclass(frozen=True, slots=True)
class Dates:
    """How the dates of a file are read: formats by strptime, and the zone of times that name none."""

    formats: tuple[str, ...]
    zone: tzinfo = UTC

    @classmethod
    def of(cls, formats: tuple[str, ...], zone: str) -> "Dates":
        return cls(formats, ZoneInfo(zone))

    def read(self, value: str) -> datetime:
        for form in self.formats:
            try:
                return self._placed(datetime.strptime(value, form))  # noqa: DTZ007 (placed in its zone at once)
            except ValueError:
                continue
        if not self.formats:
            try:
                return self._placed(datetime.fromisoformat(value))
            except ValueError:
                pass
            for form in _UNAMBIGUOUS:
                try:
                    return self._placed(datetime.strptime(value, form))  # noqa: DTZ007 (placed in its zone at once)
                except ValueError:
                    continue
            raise ValueError("not a date that is clear without its format; write 2026-01-31 or 2026-01-31 14:05:00, or give date_format")
        raise ValueError(f"not a date in the given format ({' or '.join(self.formats)})")

    def _placed(self, read: datetime) -> datetime:
        return (read if read.tzinfo else read.replace(tzinfo=self.zone)).astimezone(UTC)


def _when(value: Any, info: ValidationInfo) -> Any:
    return info.context["dates"].read(value) if isinstance(value, str) and info.context else value


When = Annotated[datetime, BeforeValidator(_when)]
"""A time in an imported row, read as the import's `Dates` say."""
