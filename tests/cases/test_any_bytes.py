"""Any bytes as a file: the import ends done or refused, and what is stored was in the file."""

import asyncio
import unicodedata

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.imports.encoding import PYTHON
from tests.cases.importing import Imported, bring_or_refuse
from tests.cases.workbooks import xlsx
from tests.harness import Running

_NAMES = [
    "A-1",
    "A-2",
    "Müller",
    "红灯笼",
    "Ørsted",
    "Завод",
    "x" * 300,
    'say "hi"',
    "two\nlines",
    "a\rb",
    "a;b,c",
    "",
    " ",
    "\0",
    "\ufeff",
    "𝄞",
]
_DATES = ["2026-01-05", "1/2/2026", "13/2/2026", "31.1.26", "0001-01-01", "2026年1月31日", "46023"]
_AMOUNTS = ["12.500", "1.200,50", "€ 3", "(7)", "1_000", "1e99", "9" * 30]
_CELL = st.sampled_from(_NAMES + _DATES + _AMOUNTS) | st.text(max_size=8)
_CODEC = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "cp1251", "gb18030", "cp932", "big5", "euc_kr"])
_HEAD = "external_id{0}name{0}opened_at{0}amount"


@st.composite
def _files(draw: st.DrawFn) -> bytes:
    """Rows as a program may write them, with some bytes of noise."""
    delimiter, end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows = draw(st.lists(st.lists(_CELL, max_size=6), max_size=6))
    quoted = draw(st.booleans())
    lines = [delimiter.join('"' + c.replace('"', '""') + '"' if quoted or delimiter in c else c for c in row) for row in rows]
    text = end.join([_HEAD.format(delimiter), *lines]) + draw(st.sampled_from(["", end]))
    raw = bytearray(text.encode(draw(_CODEC), "ignore"))
    for place, noise in draw(st.lists(st.tuples(st.integers(0, len(raw)), st.binary(min_size=1, max_size=3)), max_size=2)):
        raw[place:place] = noise
    return bytes(raw)


_WORKBOOK = xlsx(A=[_HEAD.format(",").split(","), ["A", "b", "2026-01-02", 1]])
_WORKBOOKS = st.tuples(st.integers(0, len(_WORKBOOK) - 1), st.binary(max_size=4)).map(
    lambda noise: _WORKBOOK[: noise[0]] + noise[1] + _WORKBOOK[noise[0] + len(noise[1]) :]
)
_ANY = st.one_of(
    _files(), _files(), _files(), st.binary(max_size=200), st.binary(max_size=60).map(lambda b: b"external_id,name\n" + b), _WORKBOOKS
)


def _plain(text: str) -> str:
    """Without what names are not compared by: blanks, and the marks of quoting."""
    return "".join(unicodedata.normalize("NFC", text.replace('"', "")).split())


async def _tried(svc: Running, raw: bytes) -> None:
    imported = await bring_or_refuse(svc, raw)
    if not isinstance(imported, Imported):
        assert imported.status_code == 422, imported.text
        return
    assert imported.job["state"] in ("done", "refused"), imported.job
    encoding = imported.found("encoding")
    if encoding:
        text = _plain(raw.decode(PYTHON[encoding], "replace"))
        for key, row in imported.rows.items():
            assert _plain(key) in text
            assert _plain(row["name"]) in text
            assert row["opened_at"].year in range(1970, 2201)
            assert not row["amount"] or str(int(row["amount"]))[:1] in unicodedata.normalize("NFKC", text)
    if imported.job["state"] == "refused":
        assert imported.job["created"] == 0
        assert imported.job["error"]
    async with svc.db.connection() as conn:
        await conn.execute("TRUNCATE deal, event CASCADE")


async def test_any_bytes_end_done_or_refused_and_store_what_was_in_the_file(deals: Running) -> None:
    loop = asyncio.get_running_loop()

    @given(_ANY)
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def tried(raw: bytes) -> None:
        asyncio.run_coroutine_threadsafe(_tried(deals, raw), loop).result(120)

    await asyncio.to_thread(tried)
