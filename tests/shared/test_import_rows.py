"""The rows of a file, read in pieces: lines, quotes, wrong bytes, and where reading goes on."""

import asyncio
import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.ids import new_id
from shared.imports.format import Format, decoded, delimiter_of, header_of
from shared.imports.rows import Row, RowReader


class Pieces:
    """The stored pieces of a file, as `import_chunk` holds them."""

    def __init__(self, raw: bytes, size: int) -> None:
        self._pieces = [{"start": n, "bytes": raw[n : n + size]} for n in range(0, len(raw), size)]

    async def row(self, _: str, __: Any, position: int) -> Any:
        return next((p for p in reversed(self._pieces) if p["start"] <= position), None)


async def rows(raw: bytes, form: Format = Format("utf-8", ","), size: int = 65536, again: bool = False) -> list[Row]:  # noqa: B008
    """All rows; `again` makes a new reader after each of them, as another worker would."""
    found: list[Row] = []
    pieces, source = Pieces(raw, size), new_id()
    reader = RowReader(source, form, 0, 0)
    while taken := await reader.take(pieces, 1):
        found += taken
        if again:
            reader = RowReader(source, form, reader.position, reader.line)
    return found


def told(read: list[Row]) -> list[tuple[int, list[str] | str]]:
    return [(row.line, row.fault or row.cells) for row in read]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("name;town\nA;B\n", ";"),
        ("名称\t城市\n王\t北京\n", "\t"),
        ("名称|城市\n", "|"),
        ("one\n", ","),
        ('no;"Amount, net, EUR";"Closed, won, on"\n1;2;3\n', ";"),
        ("a;b;c\n1,5;2,5;3,5\n1,5;2,5;3,5\n", ";"),
        ("a,b\nx;y;z,1\nx;y;z,2\n", ","),
        ("a;b;c\n1;2\n1;2;3\n", ";"),
    ],
)
def test_the_delimiter_is_the_one_that_fits_all_rows(text: str, delimiter: str) -> None:
    assert delimiter_of(decoded(text.encode(), "utf-8", b"\n"), ()) == delimiter


def test_the_columns_that_are_wanted_decide_between_two_delimiters() -> None:
    assert delimiter_of(["a,b;c,d\n", "1,2;3,4\n"], ["b;c"]) == ","
    assert delimiter_of(["a,b;c,d\n", "1,2;3,4\n"], ["c,d"]) == ";"


@pytest.mark.parametrize("text", ["", "\n", ",,\n", '"' + "x" * 131_073 + '",b\n', "a\rb,c\n", '"a,b\n'])
def test_a_first_line_that_names_no_columns_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        header_of([text], ",")


def test_unnamed_columns_at_the_end_are_passed_over() -> None:
    assert header_of(["a,,b,,\n"], ",") == ["a", "", "b"]


_CELLS = st.lists(st.lists(st.text(st.sampled_from('ab"\n\r,;é京 '), max_size=6), min_size=2, max_size=2), max_size=12)


@given(_CELLS, st.integers(1, 9), st.sampled_from(["utf-8", "gb18030"]), st.booleans())
def test_reading_in_pieces_and_going_on_elsewhere_gives_the_same_rows(
    table: list[list[str]], piece: int, encoding: str, again: bool
) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(table)
    expected = [row for row in csv.reader(io.StringIO(out.getvalue(), newline="")) if any(cell.strip() for cell in row)]
    read = asyncio.run(rows(out.getvalue().encode(encoding), Format(encoding, ","), piece, again))
    assert [row.cells for row in read] == expected


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("size", [1, 7, 65536])
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'a,b\n1,"two\nlines"\n\n3,4\n', [(1, ["a", "b"]), (2, ["1", "two\nlines"]), (5, ["3", "4"])]),
        (b'1,"open\n2,b\n3,c\n', [(1, "a quote is never closed"), (2, ["2", "b"]), (3, ["3", "c"])]),
        (b'1,"open\n2,"b, c"\n3,c\n', [(1, "a quote is never closed"), (2, ["2", "b, c"]), (3, ["3", "c"])]),
        (b'1,"The "Best" Inc"\n2,b\n', [(1, "text follows a closing quote; write a quote inside quotes twice"), (2, ["2", "b"])]),
        (b"1,a\rb\n2,b\n", [(1, "a carriage return outside quotes"), (2, ["2", "b"])]),
        (b"1,a\r\n2,b\r\n", [(1, ["1", "a"]), (2, ["2", "b"])]),
        (b"1,Se\xf1or\n2,Jos\xc3\xa9\n", [(1, "byte that is not UTF-8 (0xF1)"), (2, ["2", "José"])]),
        (b"1,N\0\n2,b", [(1, "a NUL character"), (2, ["2", "b"])]),
        (b",,\n ,\n1,a\n", [(3, ["1", "a"])]),
        (b'1,"a\n\xff"\n2,b\n', [(1, "byte that is not UTF-8 (0xFF)"), (3, ["2", "b"])]),
    ],
)
async def test_what_cannot_be_read_costs_its_row(raw: bytes, expected: list[Any], size: int, again: bool) -> None:
    assert told(await rows(raw, size=size, again=again)) == expected


@pytest.mark.parametrize("again", [False, True])
async def test_what_is_too_long_costs_its_row(again: bool) -> None:
    raw = b'a,b\n1,"' + b"x" * 200_000 + b'"\n2,' + b"y" * 2_000_000 + b"\n3,c\n"
    long = "a cell is longer than 131,072 characters"
    expected = [(1, ["a", "b"]), (2, long), (3, "the line is longer than 512 KiB"), (4, ["3", "c"])]
    assert told(await rows(raw, again=again)) == expected
    assert told(await rows(raw[:-5], again=again)) == expected[:3]


async def test_a_quote_that_opens_before_a_long_rest_costs_one_row() -> None:
    raw = b'1,"open\n' + b"".join(b"%d,x\n" % n for n in range(100_000))
    read = await rows(raw)
    assert told(read[:2]) == [(1, "a quote is never closed"), (2, ["0", "x"])]
    assert len(read) == 100_001


async def test_lines_may_end_by_carriage_returns_alone() -> None:
    form = Format("utf-8", ",", b"\r")
    assert told(await rows(b'a,b\r1,"two\rlines"\r2,c', form, 3)) == [(1, ["a", "b"]), (2, ["1", "two\nlines"]), (4, ["2", "c"])]
