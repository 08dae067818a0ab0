"""The first pass over a stored file: what it is, and how its columns are to be read.

Nothing is imported by it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.db.tx import Tx
from shared.errors import Invalid
from shared.imports import workbook
from shared.imports.columns import AmountColumns, DateColumns, Settled, Unsettled
from shared.imports.dates import ORDERS
from shared.imports.encoding import Bytes, encoding_of, marked
from shared.imports.format import Format, decoded, delimiter_of, header_of, line_end_of, storable
from shared.imports.kinds import AMOUNT, DATE, kind_of
from shared.imports.mapping import mapping
from shared.imports.prepared import as_utf8, pieces_of, prepare, prepared_id
from shared.imports.rows import RowReader

_ROWS = 1000
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(slots=True)
class Found:
    """What the pass found. `form` is what the reader needs, `why` what people are told."""

    form: dict[str, Any] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    size: int = 0
    why: list[dict[str, str]] = field(default_factory=list)

    def tell(self, what: str, value: str, why: str) -> None:
        self.why.append({"what": what, "value": storable(value), "why": storable(why)})


def form_of(form: Mapping[str, Any]) -> Format:
    """The file's format, as the job keeps it."""
    return Format(form["encoding"], form["delimiter"], form["line_end"].encode(), form["counts_rows"])


def source_of(job_id: UUID, form: Mapping[str, Any]) -> UUID:
    """Where the rows are read from: the file, or its second copy."""
    return prepared_id(job_id) if form["prepared"] else job_id


async def survey(tx: Tx, job_id: UUID, options: Mapping[str, Any], fields: Mapping[str, Any], this_year: int) -> Found:
    """Look at the whole file. `Unsettled` when it cannot be read, or in more than one way."""
    found = Found(form={"prepared": False, "counts_rows": False})
    try:
        shown = await _written(tx, job_id, options, found)
        await _table(shown, options, fields, found)
    except workbook.BadWorkbook as bad:
        raise Unsettled(bad.message, "bad_workbook", bad.option, bad.sheets) from None
    except Invalid as invalid:
        error = invalid.extra["errors"][0]
        raise Unsettled(invalid.detail, error["code"], error["pointer"], ()) from None
    await _columns(tx, job_id, options, fields, found, this_year)
    return found


async def _written(tx: Tx, job_id: UUID, options: Mapping[str, Any], found: Found) -> Bytes:
    """The encoding; a file that is no stream of lines is prepared."""
    shown = Bytes()
    async for first in pieces_of(tx, job_id):
        if workbook.is_workbook(first):
            return await _sheet(tx, job_id, options, found)
        break
    async for piece in pieces_of(tx, job_id):
        shown.see(piece)
    shown.end()
    found.size = shown.size
    given: str | None = options.get("encoding")
    encoding, why = (given, "given") if given else await asyncio.to_thread(encoding_of, shown)
    found.tell("encoding", encoding, why)
    if encoding.startswith("utf-16"):
        if encoding == "utf-16":
            encoding = marked(shown.first) or "utf-16"
        found.size = await prepare(tx, job_id, as_utf8(pieces_of(tx, job_id), encoding))
        shown = await _seen_again(tx, job_id)
        found.form |= {"prepared": True}
        encoding = "utf-8"
    found.form |= {"encoding": encoding, "line_end": line_end_of(shown.returns, shown.newlines).decode()}
    if found.form["line_end"] == "\r":
        found.tell("line ends", "CR", "the file has carriage returns and no newlines")
    return shown


async def _sheet(tx: Tx, job_id: UUID, options: Mapping[str, Any], found: Found) -> Bytes:
    raw = bytearray()
    async for piece in pieces_of(tx, job_id):
        raw += piece
        if len(raw) > workbook.MOST_BYTES:
            break
    notes: dict[str, Any] = {}
    found.size = await prepare(tx, job_id, workbook.rows_of(bytes(raw), options.get("sheet"), notes))
    found.tell("sheet", notes["sheet"], "given" if options.get("sheet") else "the first of the workbook")
    found.form |= {
        "prepared": True,
        "encoding": "utf-8",
        "line_end": "\n",
        "counts_rows": True,
        "delimiter": ",",
        "unclear": notes["unclear"],
    }
    return await _seen_again(tx, job_id)


async def _seen_again(tx: Tx, job_id: UUID) -> Bytes:
    shown = Bytes()
    async for piece in pieces_of(tx, prepared_id(job_id)):
        shown.see(piece)
    shown.end()
    return shown


async def _table(shown: Bytes, options: Mapping[str, Any], fields: Mapping[str, Any], found: Found) -> None:
    """The delimiter, the header, and which column fills which field."""
    lines = decoded(shown.first, found.form["encoding"], found.form["line_end"].encode())
    wanted = {*options["map"].values(), *fields}
    if "delimiter" not in found.form:
        delimiter = options.get("delimiter") or delimiter_of(lines, wanted)
        found.form["delimiter"] = delimiter
        found.tell("delimiter", _NAMES[delimiter], "given" if options.get("delimiter") else "its rows have as many cells as the header")
    found.columns = header_of(lines, found.form["delimiter"])
    found.form["map"] = mapping(fields, options["map"], {*options["set"], *options.get("defaults", ())}, found.columns)


async def _columns(tx: Tx, job_id: UUID, options: Mapping[str, Any], fields: Mapping[str, Any], found: Found, this_year: int) -> None:
    """The order of day and month, and the decimal mark, by all rows of the columns that need it."""
    days, sums = DateColumns(this_year), AmountColumns()
    places = {name: found.columns.index(column) for name, column in found.form["map"].items()}
    of_days = {name: at for name, at in places.items() if kind_of(fields[name]) is DATE and not options["date_formats"]}
    of_sums = {name: at for name, at in places.items() if kind_of(fields[name]) is AMOUNT and not options.get("decimal")}
    unclear = found.form.pop("unclear", None)
    if unclear is not None:
        found.form["marks"] = _numbers(of_sums, unclear)
        of_sums = {}
    if of_days or of_sums:
        reader = RowReader(source_of(job_id, found.form), form_of(found.form), 0, 0)
        await reader.take(tx, 1)
        while taken := await reader.take(tx, _ROWS):
            rows = [row for row in taken if row.fault is None]
            for name, at in of_days.items():
                days.see(name, {row.cells[at] for row in rows if len(row.cells) > at})
            for name, at in of_sums.items():
                sums.see(name, {row.cells[at] for row in rows if len(row.cells) > at})
            await asyncio.sleep(0)  # many rows are read ahead, and others wait for this process
    orders, marks = days.settled(), sums.settled()
    found.form["orders"] = _told(found, orders, "order of day and month in", ORDERS)
    found.form["marks"] = found.form.get("marks", {}) | _told(found, marks, "decimal mark in", {".": "point", ",": "comma"})


def _numbers(of_sums: Mapping[str, int], unclear: Mapping[str, str]) -> dict[str, str]:
    """Cells that are numbers are clear; a text among them may be not."""
    for name, at in of_sums.items():
        if (text := unclear.get(str(at))) is not None:
            message = f"The amounts of {name} are not clear: {text} is written as text in the sheet; give decimal."
            raise Unsettled(message, "unclear_amounts", "decimal", (".", ","))
    return dict.fromkeys(of_sums, ".")


def _told(found: Found, settled: Mapping[str, Settled], what: str, words: Mapping[str, str]) -> dict[str, str]:
    for name, one in settled.items():
        found.tell(f"{what} {name}", words[one.value], one.why)
    return {name: one.value for name, one in settled.items()}
