"""What the pages for developers name exists: modules, classes, functions and files."""

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["CONTRIBUTING.md", "SECURITY.md", *(f"docs/{name}.md" for name in ("architecture", "development", "domain"))]
PACKAGES = {"lead_svc": "services/lead-svc", "deal_svc": "services/deal-svc", "contract_svc": "services/contract-svc"}
PACKAGES |= {"metrics_svc": "services/metrics-svc", "shared": ".", "clinch": "deploy", "tests": "."}
DOTTED = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?")
TOPIC = re.compile(r"clinch(?:\.\w+)+\.v\d+")
COMMAND = re.compile(r"(?:^|[` ])(?:\.venv/bin/)?python -m ([\w.]+)")


def marked(page: str) -> list[str]:
    """What stands between single backticks, outside of examples."""
    text = re.sub(r"^ *```.*?^ *```$", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


def found(name: str) -> Any:
    """The module, class, function or method of this name."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            thing: Any = import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            thing = getattr(thing, part)
        return thing
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_named_exists(page: str) -> None:
    gone = []
    for name in marked(page):
        if DOTTED.fullmatch(name) and not TOPIC.fullmatch(name):
            try:
                found(name)
            except (ModuleNotFoundError, AttributeError):
                gone.append(name)
    assert gone == []


@pytest.mark.parametrize("page", PAGES)
def test_files_and_folders_exist(page: str) -> None:
    gone = []
    for name in filter(FILE.fullmatch, marked(page)):
        inside = PACKAGES.get(name.partition("/")[0], ".")
        if not (ROOT / name).exists() and not (ROOT / inside / name).exists():
            gone.append(name)
    assert gone == []


@pytest.mark.parametrize("page", PAGES)
def test_modules_that_are_run_exist(page: str) -> None:
    for module in COMMAND.findall((ROOT / page).read_text()):
        assert find_spec(module), module


def functions(source: str) -> dict[str, str]:
    """Each function of a piece of code, as its syntax tree without the docstring."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if isinstance(first := node.body[0], ast.Expr) and isinstance(first.value, ast.Constant):
                del node.body[0]
            found[node.name] = ast.dump(node)
    return found


def test_the_code_that_is_shown_is_the_code() -> None:
    page = (ROOT / "docs/development.md").read_text()
    shown = {name: code for block in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S) for name, code in functions(block).items()}
    places = {name.rpartition(".")[2]: name.rpartition(".")[0] for name in marked("docs/development.md") if DOTTED.fullmatch(name)}
    assert shown
    for name, code in shown.items():
        assert functions(Path(str(import_module(places[name]).__file__)).read_text())[name] == code
