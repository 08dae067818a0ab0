"""The pages for people: links lead somewhere, and nothing is cited that the repository does not have."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
BOOK = r"\b(?:architecture|conventions|domain-model|quality|requirements)(?:\.md)? §"
CODE = re.compile(BOOK + r"|\((?:[LDCMXK]\d{1,2})(?:, [LDCMXK]\d{1,2})*\)")
GENDERED = re.compile(r"\b(?:he|she|his|him|her|himself|herself)\b", re.IGNORECASE)


def prose(page: Path) -> str:
    """The page without its examples."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Where links into the page can lead, as GitHub makes them of the headings."""
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        where, _, anchor = link.partition("#")
        if "://" in where:
            continue
        there = (page.parent / where).resolve() if where else page
        assert there.exists(), link
        assert not anchor or anchor in anchors(there), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_needs_a_book_that_is_not_here(page: Path) -> None:
    assert CODE.findall(prose(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_are_written_for_everybody(page: Path) -> None:
    text = re.sub(r'"he" or "she"', "", prose(page))
    assert GENDERED.findall(text) == []


@pytest.mark.parametrize(
    ("index", "folder"),
    [("README.md", "docs"), ("docs/decisions/README.md", "docs/decisions"), ("docs/operations/README.md", "docs/operations")],
)
def test_every_page_is_in_its_index(index: str, folder: str) -> None:
    listed = {(ROOT / index).parent / link.partition("#")[0] for link in LINK.findall((ROOT / index).read_text())}
    assert {page for page in (ROOT / folder).glob("*.md") if page.name != "README.md"} <= {page.resolve() for page in listed}
