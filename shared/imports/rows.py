"""Rows out of stored pieces of a file: decoded, parsed and counted (RFC 4180).

What cannot be read costs its row. After a quote that is not closed, reading continues at the next line.
"""

import csv
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from shared.formulas import restored
from shared.imports.format import Format

_AHEAD = 512 * 1024
"""Bytes kept ready beyond the current row. A longer row is refused."""

_CHUNK_AT = "SELECT start, bytes FROM import_chunk WHERE job_id = $1 AND start <= $2 ORDER BY start DESC LIMIT 1"


class Row(NamedTuple):
    line: int
    """The line in the file where the row begins; the header is line 1."""
    cells: list[str]
    fault: str | None = None
    """Why the row cannot be read."""


class Source(Protocol):
    """Where the pieces of the file are read from."""

    async def row(self, sql: str, *args: Any) -> Any: ...


class _Cut(bytes):
    """The beginning of a line that is too long; `size` is its whole length."""

    size: int


class RowReader:
    """Reads on from a byte position at which a row starts.

    Keep it between batches, or make a new one at the stored position.
    """

    def __init__(self, source: UUID, form: Format, position: int, line: int) -> None:
        self._source, self._form, self._codec = source, form, form.python_encoding
        self.position, self.line = position, line
        self._loaded = position
        self._tail = b""
        self._dropped = 0
        self._lines: deque[bytes] = deque()
        self._taken: list[bytes] = []
        self._fault: str | None = None
        self._ready = 0
        self._ended = False
        self._cuts = 0
        self._rows = self._parser()

    def _parser(self) -> Iterator[list[str]]:
        return csv.reader(self._pull(), delimiter=self._form.delimiter, strict=True)

    async def take(self, source: Source, limit: int) -> list[Row]:
        """Up to `limit` rows; fewer only at the end of the file. Empty rows are passed over."""
        rows: list[Row] = []
        while len(rows) < limit:
            if self._ready < _AHEAD and not self._ended:
                await self._load(source)
            if not self._lines:
                break
            many = min(limit - len(rows), len(self._lines)) if self.position else 1
            found = self._at_once(many) or self._one_by_one(many)
            for row in found:
                if any(cell[:1] == "'" for cell in row.cells):
                    row.cells[:] = map(restored, row.cells)
            rows += [row for row in found if row.fault or (row.cells and (row.cells[0].strip() or any(map(str.strip, row.cells))))]
        return rows

    def _at_once(self, many: int) -> list[Row] | None:
        """The rows in this many lines, when all of them can be read; else None, and nothing is spent."""
        if self.position == 0 or self._form.line_end != b"\n" or self._cuts:
            return None
        raw = b"".join(islice(self._lines, many))
        if b"\0" in raw:
            return None
        line, rows, counts_rows = self.line, [], self._form.counts_rows
        try:
            lines = raw.decode(self._codec).split("\n")
            if len(lines) > many:
                lines.pop()
            parser = csv.reader([f"{text}\n" for text in lines] if b'"' in raw else lines, delimiter=self._form.delimiter, strict=True)
            for cells in parser:
                rows.append(Row(line + 1, cells))
                line = line + 1 if counts_rows else self.line + parser.line_num
        except (csv.Error, UnicodeDecodeError):
            return None
        for _ in range(many):
            self._lines.popleft()
        size = len(raw)
        self._ready -= size
        self.position += size
        self.line = line
        return rows

    def _one_by_one(self, many: int) -> list[Row]:
        """The rows that begin in this many lines, each with what is wrong with it."""
        rows = []
        until = self.position + sum(map(_size, islice(self._lines, many)))
        while self.position < until:
            begins = self.line + 1
            self._taken.clear()
            try:
                cells = next(self._rows, [])
                fault, self._fault = self._fault, None
            except csv.Error as error:
                cells, fault = [], self._given_back(error)
            if self._form.counts_rows:
                self.line = begins
            rows.append(Row(begins, cells, fault))
        return rows

    def _given_back(self, error: csv.Error) -> str:
        """Only the first line of what could not be parsed is spent. Says what is wrong with it."""
        fault, self._fault = self._fault, None
        lines = len(self._taken)
        while len(self._taken) > 1:
            raw = self._taken.pop()
            self._lines.appendleft(raw)
            self._cuts += isinstance(raw, _Cut)
            self._ready += len(raw)
            self.position -= _size(raw)
            self.line -= 1
        self._rows = self._parser()
        return (fault if lines == 1 else None) or _in_words(error, lines)

    def _pull(self) -> Iterator[str]:
        end, codec = self._form.line_end, self._codec
        while self._lines:
            raw = self._lines.popleft()
            self._taken.append(raw)
            self._ready -= len(raw)
            first = self.position == 0
            self.position += _size(raw)
            self.line += 1
            if raw.__class__ is _Cut:
                self._fault = "the line is longer than 512 KiB"
                self._cuts -= 1
                yield "\n"
                continue
            try:
                text = raw.decode(codec)
            except UnicodeDecodeError as error:
                self._fault = f"byte that is not {_named(self._form.encoding)} (0x{raw[error.start]:02X})"
                text = raw.decode(codec, "replace")
            if "\0" in text:
                self._fault = "a NUL character"
            if first:
                text = text.removeprefix("\ufeff")
            yield text if end == b"\n" else text.removesuffix("\r") + "\n"

    async def _load(self, source: Source) -> None:
        end = self._form.line_end
        while self._ready < _AHEAD and not self._ended:
            found = await source.row(_CHUNK_AT, self._source, self._loaded)
            piece = b"" if found is None else found["bytes"][self._loaded - found["start"] :]
            self._loaded += len(piece)
            if not piece:
                self._ended = True
                if self._tail:
                    self._add(self._tail)
                return
            *whole, rest = (self._tail + piece).split(end)
            if whole:
                self._add(whole[0] + end)
                self._lines.extend(line + end for line in whole[1:])
                self._ready += sum(map(len, whole[1:])) + len(whole) - 1
            self._tail = rest
            if len(rest) > _AHEAD:
                self._dropped += len(rest) - 1
                self._tail = rest[:1]

    def _add(self, line: bytes) -> None:
        """A line that may have begun in an earlier piece."""
        if self._dropped or len(line) > _AHEAD:
            cut = _Cut(line[:1])
            cut.size = len(line) + self._dropped
            self._dropped, line = 0, cut
            self._cuts += 1
        self._lines.append(line)
        self._ready += len(line)


def _size(raw: bytes) -> int:
    return raw.size if isinstance(raw, _Cut) else len(raw)


def _named(encoding: str) -> str:
    return "UTF-8" if encoding.startswith("utf-8") else encoding


def _in_words(error: csv.Error, lines: int) -> str:
    says = str(error)
    if "field limit" in says:
        return "a cell is longer than 131,072 characters" if lines == 1 else "a quote is never closed"
    if "new-line character" in says:
        return "a carriage return outside quotes"
    if "unexpected end" in says or lines > 1:
        return "a quote is never closed"
    return "text follows a closing quote; write a quote inside quotes twice"
