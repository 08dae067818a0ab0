"""Rows as the bytes of a file, piece by piece: CSV, or Parquet where pyarrow is installed."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from metrics_svc.exports.export import Column
from shared.errors import Problem
from shared.formulas import defused

if TYPE_CHECKING:
    import pyarrow

Form = Literal["csv", "parquet"]
CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"
MEDIA: dict[Form, str] = {"csv": CSV, "parquet": PARQUET}
GROUP = 20_000
"""Rows that Parquet keeps together. So many are in memory at a time."""
PLACES = 12
"""Behind the point, of decimals in Parquet, which need a number of them. CSV and the views have them as exact as they are."""
_SMALLEST = Decimal(1).scaleb(-PLACES)

Rows = AsyncIterator[Sequence[Sequence[Any]]]


class NotInstalled(Problem):
    """This installation writes no Parquet (501): it lacks the extra `parquet`."""

    status = 501
    code = "no_parquet"
    title = "This installation writes no Parquet"


def must_write(form: Form) -> None:
    """`NotInstalled` for a form that this installation does not write."""
    if form == "parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            says = "pyarrow is not installed here. Where Clinch is: `.venv/bin/pip install --require-hashes -r requirements-parquet.lock`"
            raise NotInstalled(f"{says}; or take format=csv.") from None


async def as_csv(columns: Sequence[Column], rows: Rows) -> AsyncIterator[bytes]:
    """RFC 4180 in UTF-8, with the mark that spreadsheets know it by, and nothing in it that they would calculate."""
    yield _lines([[column.name for column in columns]], mark="\ufeff")
    async for batch in rows:
        yield await asyncio.to_thread(_lines, batch)


def _lines(rows: Sequence[Sequence[Any]], mark: str = "") -> bytes:
    out = io.StringIO(newline="")
    out.write(mark)
    csv.writer(out).writerows([[_text(value) for value in row] for row in rows])
    return out.getvalue().encode()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return format(value, "f")
    return defused(value) if isinstance(value, str) else str(value)


async def as_parquet(columns: Sequence[Column], rows: Rows, about: dict[str, str]) -> AsyncIterator[bytes]:
    """`about` is written beside the schema, each column with what it means."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = _arrow(columns, about)
    sink = _Sink()
    writer = await asyncio.to_thread(ParquetWriter, pyarrow.PythonFile(sink, mode="w"), schema)
    waiting: list[Any] = []
    kept = 0
    async for batch in rows:
        waiting.append(await asyncio.to_thread(_arrow_batch, schema, columns, batch))
        kept += len(batch)
        if kept >= GROUP:
            await asyncio.to_thread(writer.write_table, pyarrow.Table.from_batches(waiting, schema))
            waiting, kept = [], 0
            yield sink.taken()
    if waiting:
        await asyncio.to_thread(writer.write_table, pyarrow.Table.from_batches(waiting, schema))
    await asyncio.to_thread(writer.close)
    yield sink.taken()


def _arrow(columns: Sequence[Column], about: dict[str, str]) -> "pyarrow.Schema":
    import pyarrow as pa

    types = {
        "uuid": pa.string(),
        "string": pa.string(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
        "decimal": pa.decimal128(38, PLACES),
    }
    fields = [pa.field(c.name, types[c.type], c.nullable, {"description": c.says}) for c in columns]
    return pa.schema(fields, {f"clinch.{name}": text for name, text in about.items()})


def _arrow_batch(schema: "pyarrow.Schema", columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> "pyarrow.RecordBatch":
    import pyarrow as pa

    made = [pa.array([_arrow_value(row[n]) for row in rows], field.type) for n, field in enumerate(schema)]
    return pa.RecordBatch.from_arrays(made, schema=schema)


def _arrow_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value.quantize(_SMALLEST)
    return value if isinstance(value, int | str | datetime | date | None) else str(UUID(bytes=value.bytes))


class _Sink(io.RawIOBase):
    """Takes what the writer writes until somebody sends it on."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found
