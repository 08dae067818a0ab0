"""Texts that people read are plain English: no ids of requirements, no documents that are not here, nobody is a he.

Read are all strings of the code, docstrings included, and the generated documents. design/ of the project keeps its ids in docs/design.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinch.dev.documents import ROOT, documents

# A requirement's id is a letter and a number. What looks like one and is none:
_NO_IDS = {
    *(f"F{n}" for n in range(1, 10)),  # the funnel's steps, as the API and its users name them
    *("C0", "C1", "K8", "S3", "E2"),
}
_ID = re.compile(r"(?<![\w./:#$%{-])[LDCMXKFQE]\d{1,2}(?![\w%{-])")
_DOCUMENT = re.compile(r"domain-model|architecture(?:\.md)? §|conventions(?:\.md)? §|quality\.md|requirements\.md|\bissue \d")
_PERSON = re.compile(r"\b(?:he|she|his|hers|him|himself|herself)\b", re.IGNORECASE)
_EXCEPT = {
    ("shared/imports/encoding.py", "he"),  # Hebrew
}


def said_against(text: str) -> list[str]:
    """The words of a text that should not be there."""
    ids = [found for found in _ID.findall(text) if found not in _NO_IDS]
    return [*ids, *_DOCUMENT.findall(text), *_PERSON.findall(text)]


def strings(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def code() -> list[str]:
    files = [path for folder in ("shared", "services", "deploy") for path in (ROOT / folder).rglob("*.py")]
    return sorted(str(path.relative_to(ROOT)) for path in files if "migrations" not in path.parts and "demo" not in path.parts)


@pytest.mark.parametrize(("text", "found"), [("for its owner or his manager", ["his"]), ("a rule (L28)", ["L28"]), ("F3 in UTF-8", [])])
def test_the_test_itself(text: str, found: list[str]) -> None:
    assert said_against(text) == found


def test_the_code_says_it_in_plain_english() -> None:
    bad = [
        f"{name}:{line} {word}"
        for name in code()
        for line, text in strings(ROOT / name)
        for word in said_against(text)
        if (name, word) not in _EXCEPT
    ]
    assert not bad, "\n".join(bad)


def test_the_documents_say_it_in_plain_english() -> None:
    bad = [
        f"{name}: {word} in {line.strip()[:120]}"
        for name, text in documents().items()
        for line in text.splitlines()
        for word in said_against(line)
    ]
    assert not bad, "\n".join(bad)
