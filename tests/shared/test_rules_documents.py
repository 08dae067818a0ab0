"""Documents: what Typst may do and may not, and what cannot be printed. Each PDF here is made by a real child process."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from shared import documents
from shared.documents import Template, glyphs, render
from shared.documents.render import RenderFailed
from shared.errors import Invalid, Unavailable

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PRINTS = '#set text(font: ("Source Sans Pro", "Noto Sans CJK TC"))\n#let d = json(bytes(sys.inputs.data))\n#d.text'


def template(folder: Path, markup: str = PRINTS) -> Template:
    (folder / "some.typ").write_text(markup)
    return Template(folder, "some.typ")


def text_of(pdf: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


HOSTILE = (
    '#include "/etc/passwd"',
    '#read("/etc/passwd")',
    "*bold* _it_ $x^2$ = Heading",
    '#import "@preview/cetz:0.3.0"',
    '"; #panic("out"); "',
    "// gone \\ /* gone */ <label> @ref",
)


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_somebody_wrote_stays_text(tmp_path: Path, text: str) -> None:
    assert text in text_of(await render(template(tmp_path), {"text": text}, made_at=AT))


async def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = [await render(template(tmp_path), {"text": "报价单 12,345.60"}, made_at=AT) for _ in range(2)]
    assert one == other
    assert "报价单 12,345.60" in text_of(one)


async def test_a_template_reads_its_own_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    inner = tmp_path / "templates"
    inner.mkdir()
    (inner / "words.txt").write_text("words of the template")
    assert "words" in text_of(await render(template(inner, PRINTS + '\n#read("words.txt")'), {"text": "a"}, made_at=AT))
    for path in ("../secret.txt", "/etc/passwd", str(tmp_path / "secret.txt")):
        with pytest.raises(RenderFailed):
            await render(template(inner, PRINTS + f'\n#read("{path}")'), {"text": "a"}, made_at=AT)


async def test_nothing_is_fetched_from_the_network(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed) as failed:
        await render(template(tmp_path, '#import "@preview/cetz:0.3.0"'), {"text": "a"}, made_at=AT)
    assert "package" in failed.value.diagnostic
    assert "cetz" not in str(failed.value), "what a log shows says nothing of the content"


async def test_a_document_has_limited_time(tmp_path: Path) -> None:
    endless = template(tmp_path, "#let n = 0\n#while n < 100000000 { n += 1 }\n#n")
    with pytest.raises((Unavailable, RenderFailed)):
        await render(endless, {}, made_at=AT, seconds=1)


async def test_a_document_has_limited_memory(tmp_path: Path) -> None:
    large = template(tmp_path, '#let a = ("x" * 1000000,)\n#for i in range(12) { a = a + a.map(s => s + str(i)) }\n#a.len()')
    with pytest.raises(RenderFailed):
        await render(large, {}, made_at=AT, megabytes=256)


@pytest.mark.parametrize(
    ("said", "pointer", "character"),
    [
        ({"lines": [{"name": "Plan"}, {"name": "Rocket \U0001f680"}]}, "/lines/1/name", "U+1F680 (ROCKET)"),
        ({"customer": "مرحبا"}, "/customer", "U+0645 (ARABIC LETTER MEEM)"),
    ],
)
async def test_a_character_without_a_glyph_is_refused_by_name(tmp_path: Path, said: dict[str, Any], pointer: str, character: str) -> None:
    with pytest.raises(Invalid) as refused:
        await render(template(tmp_path), said, made_at=AT)
    assert character in refused.value.detail
    assert pointer in refused.value.detail
    assert refused.value.extra["errors"][0] | {"message": ""} == {"pointer": pointer, "code": "unprintable_character", "message": ""}


def test_the_font_has_what_our_customers_write() -> None:
    coverages = [glyphs.coverage_of(font) for font in documents.check_installed()]

    def printable(character: str) -> bool:
        return any(ord(character) in coverage for coverage in coverages)

    for text in (
        "ABC xyz 0123456789 €£¥₩",
        "Müller & Söhne, Œuvre, Łódź",
        "Nguyễn",
        "Привет",
        "Ελλάδα",
        "简体中文繁體中文骨直",
        "日本語カタカナ",
        "한국어",
    ):
        assert all(map(printable, text)), text
    assert not printable("\U0001f680")
    assert not printable("\U0010ffff")


async def test_without_the_extra_there_is_a_clear_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "font_files", lambda: None)
    with pytest.raises(documents.NotInstalled) as refused:
        await render(template(tmp_path), {"text": "a"}, made_at=AT)
    assert refused.value.status == 501
