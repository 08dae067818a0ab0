"""A table as CSV, which is written as it is read, and as XLSX, which is written into a file first."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any
from zoneinfo import ZoneInfo

from shared.errors import Invalid
from shared.formulas import defused
from shared.http.export.columns import Column, values

CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_575
"""Of a sheet, below its header."""
_PIECE = 64 * 1024
Items = Sequence[dict[str, Any]]


async def as_csv(columns: Sequence[Column], pages: AsyncIterator[Items]) -> AsyncGenerator[bytes]:
    """RFC 4180 in UTF-8, with the mark that spreadsheets know it by. Times are those of the API."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    out.write("\ufeff")
    writer.writerow([column.name for column in columns])
    async for items in pages:
        writer.writerows([[_text(value) for value in values(columns, item)] for item in items])
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return defused(str(value))


async def as_xlsx(columns: Sequence[Column], pages: AsyncIterator[Items], name: str, zone: ZoneInfo) -> AsyncGenerator[bytes]:
    """Texts are texts and never formulas, amounts numbers, times real ones on the clock of `zone`. It begins when all is written."""
    with TemporaryFile() as file:
        book = await asyncio.to_thread(_Book, file, columns, name, zone)
        async for items in pages:
            await asyncio.to_thread(book.add, items)
        await asyncio.to_thread(book.close)
        file.seek(0)
        yield b""  # whatever goes wrong before is an error and no broken file
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


class _Book:
    def __init__(self, file: IO[bytes], columns: Sequence[Column], name: str, zone: ZoneInfo) -> None:
        import xlsxwriter

        # Rows go to disk as they come; a text stays one, whatever it looks like.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(file, options)
        self._sheet = self._book.add_worksheet(name[:31])
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._columns, self._zone, self._rows = columns, zone, 0
        bold = self._book.add_format({"bold": True})
        self._sheet.freeze_panes(1, 0)
        for n, column in enumerate(columns):
            self._sheet.write_string(0, n, column.name, bold)

    def add(self, items: Items) -> None:
        if self._rows + len(items) > MOST_ROWS:
            raise Invalid(f"A sheet has {MOST_ROWS:,} rows at most: narrow the list, or ask for CSV.", pointer="Accept", code="too_many")
        for item in items:
            self._rows += 1
            for n, value in enumerate(values(self._columns, item)):
                self._write(n, value)

    def _write(self, n: int, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, datetime):
            self._sheet.write_datetime(self._rows, n, value.astimezone(self._zone).replace(tzinfo=None), self._time)
        elif isinstance(value, date):
            self._sheet.write_datetime(self._rows, n, value, self._day)
        elif isinstance(value, bool):
            self._sheet.write_boolean(self._rows, n, value)
        elif isinstance(value, int | float | Decimal):
            self._sheet.write_number(self._rows, n, value)
        else:
            self._sheet.write_string(self._rows, n, value)

    def close(self) -> None:
        self._book.close()
