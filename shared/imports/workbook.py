"""Excel workbooks: one sheet becomes rows of CSV, in a process of its own with bounded memory.

The library reads a workbook as a whole, so its size is bounded before: the file, what its parts unpack to, and the cells.
"""

import asyncio
import csv
import io
import json
import os
import re
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from shared.formulas import defused

MOST_BYTES = 50 * 1024 * 1024
MOST_CELLS = 2_000_000
_MOST_UNPACKED = 1024 * 1024 * 1024
_MOST_RATIO = 100
"""Sheets shrink 10 to 40 times when they are packed; what shrinks more was made to do harm."""
_SMALL = 10 * 1024 * 1024
"""A part this small may shrink as it likes."""
_MEMORY = 3 * 1024 * 1024 * 1024
_SECONDS = 300
_PIECE = 256 * 1024
_PROTECTED = "The workbook is protected by a password; save it without one."
_UNCLEAR = re.compile(r"[^0-9.,]*[0-9]{1,3}[.,][0-9]{3}[^0-9.,]*")


class BadWorkbook(Exception):
    """A workbook that cannot be read, with a sentence for its owner. `sheets`: those to choose from."""

    def __init__(self, message: str, option: str = "file", sheets: list[str] | None = None) -> None:
        super().__init__(message)
        self.message, self.option, self.sheets = message, option, sheets or []


def is_workbook(first: bytes) -> bool:
    """XLSX is a ZIP archive, XLS a compound file."""
    return first.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))


async def rows_of(raw: bytes, sheet: str | None, notes: dict[str, Any]) -> AsyncIterator[bytes]:
    """The sheet as CSV, piece by piece.

    `notes` gets its name, and the texts in it that look like unclear amounts.
    """
    if len(raw) > MOST_BYTES:
        raise BadWorkbook("The workbook is larger than 50 MB; save the sheet as CSV.")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shared.imports.workbook", *([sheet] if sheet is not None else []),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    feeding = asyncio.create_task(_feed(child.stdin, raw))
    try:
        async with asyncio.timeout(_SECONDS):
            head = await child.stdout.readline()
            told: dict[str, Any] = (
                json.loads(head) if head.endswith(b"\n") else {"bad": "The workbook needs too much memory; save the sheet as CSV."}
            )
            if "bad" in told:
                raise BadWorkbook(told["bad"], told.get("option", "file"), told.get("sheets"))
            notes.update(told)
            while piece := await child.stdout.read(_PIECE):
                yield piece
            if await child.wait() != 0:
                raise BadWorkbook("The workbook needs too much memory; save the sheet as CSV.")
    except TimeoutError:
        raise BadWorkbook("The workbook takes too long to read; save the sheet as CSV.") from None
    finally:
        feeding.cancel()
        if child.returncode is None:
            child.kill()
        await child.wait()


async def _feed(stdin: asyncio.StreamWriter, raw: bytes) -> None:
    try:
        stdin.write(raw)
        await stdin.drain()
        stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        return


def checked(raw: bytes) -> None:
    """Refuse an archive that would unpack to more than is reasonable, by its own directory."""
    if not raw.startswith(b"PK"):
        if "EncryptedPackage".encode("utf-16-le") in raw:
            raise BadWorkbook(_PROTECTED)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise BadWorkbook("The workbook is damaged: it is no whole ZIP archive; save it again, or save the sheet as CSV.") from None
    unpacked = sum(part.file_size for part in parts)
    packed_hard = any(part.file_size > _SMALL and part.file_size > _MOST_RATIO * max(1, part.compress_size) for part in parts)
    if unpacked > _MOST_UNPACKED or packed_hard:
        raise BadWorkbook("The workbook unpacks to more than a workbook of 2,000,000 cells may; save the sheet as CSV.")
    if not any(part.filename.startswith(("xl/", "content.xml")) for part in parts):
        raise BadWorkbook("The file is a ZIP archive, but no workbook; unpack it and import the file inside.")


def table_of(raw: bytes, sheet: str | None) -> tuple[str, list[list[Any]]]:
    """The sheet's name and its cells."""
    import python_calamine

    checked(raw)
    try:
        workbook = python_calamine.load_workbook(io.BytesIO(raw))
        names = list(workbook.sheet_names)
        if sheet is not None and sheet not in names:
            raise BadWorkbook(f"The workbook has no such sheet; its sheets are {', '.join(names)}.", "sheet", names)
        if not names:
            raise BadWorkbook("The workbook has no sheet.")
        found = workbook.get_sheet_by_name(sheet or names[0])
        rows, columns = found.end or (0, 0)
        if (rows + 1) * (columns + 1) > MOST_CELLS:
            raise BadWorkbook("The sheet has more than 2,000,000 cells; save it as CSV.")
        return found.name, found.to_python(skip_empty_area=False)
    except python_calamine.PasswordError:
        raise BadWorkbook(_PROTECTED) from None
    except (python_calamine.CalamineError, ValueError, OSError, OverflowError):
        raise BadWorkbook("The workbook is damaged or of a kind that is not read; save it as XLSX or CSV.") from None


def text_of(cell: Any) -> str:
    """A cell as text: a number by its shortest form, a day or a time in ISO form."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="milliseconds" if cell.microsecond else "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, int | timedelta) else ""


def _unclear(table: list[list[Any]]) -> dict[str, str]:
    """By column: the first text that looks like an amount whose mark is not clear.

    Cells that are numbers are clear.
    """
    found: dict[str, str] = {}
    for row in table:
        for n, cell in enumerate(row):
            if isinstance(cell, str) and cell and str(n) not in found and _UNCLEAR.fullmatch(cell):
                found[str(n)] = cell
    return found


def _csv(table: list[list[Any]]) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in table:
        writer.writerow([defused(text_of(cell)) for cell in row])
        if out.tell() > _PIECE:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def main() -> None:
    """The child's part: a workbook comes in, a line of JSON and the rows go out."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = os.fdopen(1, "wb", closefd=False)
    try:
        name, table = table_of(sys.stdin.buffer.read(), sys.argv[1] if len(sys.argv) > 1 else None)
    except BadWorkbook as bad:
        out.write(json.dumps({"bad": bad.message, "option": bad.option, "sheets": bad.sheets}).encode() + b"\n")
    except MemoryError:
        out.write(b'{"bad": "The workbook needs too much memory; save the sheet as CSV."}\n')
    else:
        out.write(json.dumps({"sheet": name, "unclear": _unclear(table)}).encode() + b"\n")
        for text in _csv(table):
            out.write(text.encode("utf-8", "surrogatepass"))
    out.flush()


if __name__ == "__main__":
    main()
