"""Rows out of stored pieces of a file: decoded, parsed and counted, with the byte where each batch ends (RFC 4180)."""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.imports.format import Format

_AHEAD = 512 * 1024
"""Bytes kept ready beyond the current row; more than any row may have, so that no row is cut at a piece's end."""

_CHUNK_AT = "SELECT start, bytes FROM import_chunk WHERE job_id = $1 AND start <= $2 ORDER BY start DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """The line in the file where the row begins; the header is line 1."""
    cells: list[str]


class UnreadableFile(Exception):
    """The file cannot be read beyond this point; what came before is imported."""


class RowReader:
    """Reads on from a byte position at which a row starts. Keep it between batches, or make a new one at the stored position."""

    def __init__(self, job_id: UUID, form: Format, position: int, line: int) -> None:
        self._job, self._form = job_id, form
        self.position, self.line = position, line
        self._loaded = position
        self._tail = b""
        self._lines: deque[bytes] = deque()
        self._ready = 0
        self._ended = False
        self._rows = csv.reader(self._pull(), delimiter=form.delimiter)

    async def take(self, conn: Any, limit: int) -> list[Row]:
        """Up to `limit` rows; fewer only at the end of the file. Blank lines are passed over."""
        rows: list[Row] = []
        while len(rows) < limit:
            await self._load(conn)
            begins = self.line + 1
            try:
                cells = next(self._rows, None)
            except csv.Error as error:
                raise UnreadableFile(f"line {begins}: {_in_words(error)}") from None
            except UnicodeDecodeError:
                raise UnreadableFile(f"line {self.line}: not {self._form.encoding}; name the right encoding") from None
            if cells is None:
                break
            if any(cells):
                rows.append(Row(begins, cells))
        return rows

    def _pull(self) -> Iterator[str]:
        while self._lines:
            raw = self._lines.popleft()
            self._ready -= len(raw)
            first = self.position == 0
            self.position += len(raw)
            self.line += 1
            yield (raw.removeprefix(codecs.BOM_UTF8) if first else raw).decode(self._form.python_encoding)

    async def _load(self, conn: Any) -> None:
        while self._ready < _AHEAD and not self._ended:
            found = await conn.fetchrow(_CHUNK_AT, self._job, self._loaded)
            piece = b"" if found is None else found["bytes"][self._loaded - found["start"] :]
            if not piece:
                self._ended = True
                if self._tail:
                    self._lines.append(self._tail)
                    self._ready += len(self._tail)
                return
            self._loaded += len(piece)
            *whole, self._tail = (self._tail + piece).split(b"\n")
            for line in whole:
                self._lines.append(line + b"\n")
                self._ready += len(line) + 1


def _in_words(error: csv.Error) -> str:
    if "field limit" in str(error):
        return "a field is longer than 131,072 characters; probably a quote is not closed"
    return f"not valid CSV ({error})"
