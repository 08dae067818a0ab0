"""Files in many languages and encodings: each is read exactly, or refused with what to choose from, never as other letters."""

import random
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.imports.columns import Unsettled
from shared.imports.encoding import ENCODINGS, PYTHON, Bytes, encoding_of, sure


def _corpus() -> dict[str, tuple[list[str], list[str]]]:
    """By language: the encodings that its programs write, and its lines."""
    parts = Path(__file__).with_name("import_corpus.txt").read_text("utf-8").split("\n= ")[1:]
    heads = [part.partition("\n") for part in parts]
    return {
        head.partition(": ")[0]: (head.partition(": ")[2].split(), [line for line in lines.split("\n") if line]) for head, _, lines in heads
    }


CORPUS = _corpus()
LANGUAGES = [(language, codec) for language, (codecs, _) in CORPUS.items() for codec in codecs]
ENOUGH = 20
"""Letters beyond ASCII with which a file is to be read."""


def written(line: str, codec: str) -> bytes:
    """The line as a program writes it in that encoding."""
    if codec == "cp1258":
        parts = [unicodedata.normalize("NFD", c) for c in line]
        marks = "\u0302\u0306\u031b"
        line = "".join(
            unicodedata.normalize("NFC", p[0] + "".join(m for m in p[1:] if m in marks)) + "".join(m for m in p[1:] if m not in marks)
            for p in parts
        )
    try:
        return line.encode(codec)
    except UnicodeEncodeError:
        return line.replace("’", "'").encode(codec)


def samples(lines: list[str]) -> Iterator[list[str]]:
    """Files of one line, of a few, of many."""
    chance = random.Random(7)
    yield lines
    yield from ([line] for line in lines[::4])
    for size in (2, 4, 10, 13):
        yield chance.sample(lines, min(size, len(lines)))


def file_of(lines: list[str], codec: str) -> bytes:
    rows = b"".join(b'X-%d,2026-01-05,"%s"\r\n' % (n, written(line, codec)) for n, line in enumerate(lines))
    return b"external_id,captured_at,company\r\n" + rows


def found(raw: bytes) -> str | None:
    shown = Bytes()
    for start in range(0, len(raw), 64):
        shown.see(raw[start : start + 64])
    shown.first = raw
    shown.end()
    try:
        return encoding_of(shown)[0]
    except Unsettled as unsettled:
        refused = unsettled
    assert refused.option == "encoding"
    assert refused.candidates
    return None


def test_each_language_is_read_exactly_or_refused() -> None:
    enough = right = 0
    for language, codec in LANGUAGES:
        of_language: list[bool] = []
        for lines in samples(CORPUS[language][1]):
            raw = file_of(lines, codec)
            name = found(raw)
            exact = name is not None and raw.decode(PYTHON[name], "replace") == raw.decode(codec)
            assert exact or name is None, f"{language} in {codec} was read as {name}: {lines}"
            if sum(not c.isascii() for line in lines for c in line) >= ENOUGH:
                of_language.append(exact)
        assert of_language.count(True) >= 0.75 * len(of_language), f"{language} in {codec}"
        enough += len(of_language)
        right += of_language.count(True)
    assert enough > 150
    assert right >= 0.95 * enough, f"{right} of {enough}"


@pytest.mark.parametrize("language", CORPUS)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_always_read(language: str, codec: str) -> None:
    text = "external_id,captured_at,company\r\n" + "".join(f"X-{n},2026-01-05,{line}\r\n" for n, line in enumerate(CORPUS[language][1]))
    raw = text.encode(codec)
    name = found(raw)
    assert name is not None
    assert raw.decode(PYTHON[name]).removeprefix("\ufeff") == text


WORDS = "Müller José Łukasz Søren Ağca Дима Ελένη Māori Đorđe São İstanbul שלום مرحبا 5µm œuvre “q” 名 한 あ"


@pytest.mark.parametrize("word", WORDS.split())
def test_a_single_word_in_utf_8_is_read(word: str) -> None:
    assert found(f"id,company\n1,{word}\n".encode()) == "utf-8"


def test_single_wrong_bytes_do_not_make_another_encoding() -> None:
    assert found("id,company\n1,Müller\n2,".encode() + b"Se\xf1or" + "\n3,José\n".encode()) == "utf-8"


@pytest.mark.parametrize("raw", [bytes(range(128, 256)) * 3, b"\x93\x94\xa7\xb6\x81\x8d" * 20, random.Random(5).randbytes(4000)])
def test_what_makes_no_words_is_refused(raw: bytes) -> None:
    assert found(b"id,company\n1," + raw + b"\n") is None


def test_a_name_in_two_encodings_is_refused_with_both() -> None:
    shown = Bytes()
    shown.see("id,company\n1,Muñoz\n".encode("cp1252"))
    shown.end()
    with pytest.raises(Unsettled) as refused:
        encoding_of(shown)
    assert {"windows-1252", "windows-1250"} <= set(refused.value.candidates)


def test_the_header_is_looked_at_at_once_only_where_the_encoding_is_sure() -> None:
    assert [sure(b"a,b\n"), sure("名,b\n".encode()), sure(b"\xef\xbb\xbfa"), sure("é\n".encode("utf-16"))] == [
        "utf-8",
        "utf-8",
        "utf-8-bom",
        "utf-16",
    ]
    assert sure("é,b\n".encode("cp1252")) is None


def test_each_encoding_that_can_be_given_is_one_of_pythons() -> None:
    for name in ENCODINGS:
        "a,b\n".encode(PYTHON[name])
