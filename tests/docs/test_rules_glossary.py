"""The glossary has a line for every state, reason and role that the code names, in the section of its service."""

import importlib
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "glossary.md"
PACKAGES = ("lead_svc", "deal_svc", "contract_svc", "metrics_svc", "shared")
LINE = re.compile(r"^\| `([^`]+)` \|\s*([^|]*?)\s*\|", re.MULTILINE)


def named(package: str) -> Iterator[tuple[str, str]]:
    """Each value of the package's enumerations, with the class that has it. Only modules that declare some are imported."""
    root = importlib.import_module(package)
    for file in Path(root.__path__[0]).rglob("*.py"):
        if "(StrEnum)" not in file.read_text():
            continue
        module = importlib.import_module(".".join([package, *file.relative_to(root.__path__[0]).with_suffix("").parts]))
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, StrEnum) and thing.__module__ == module.__name__:
                yield from ((f"{module.__name__}.{thing.__name__}", value) for value in thing)


def explained(package: str) -> dict[str, str]:
    """The values that the package's section explains, with their Chinese names."""
    place = package.replace("_", "-")
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    section = next(s for s in sections if s.partition("\n")[0].endswith(f"({place})"))
    return dict(LINE.findall(section))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_value_of_the_code_is_in_the_glossary(package: str) -> None:
    known = explained(package)
    missing = {f"`{value}` of {where}" for where, value in named(package) if not known.get(str(value))}
    assert not missing, "docs/glossary.md has no line for them, with a Chinese name"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_glossary_names_no_value_that_is_gone(package: str) -> None:
    assert explained(package).keys() <= {str(value) for _, value in named(package)}
