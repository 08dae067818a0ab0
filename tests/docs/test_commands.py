"""Commands, make targets and settings that the pages name are there."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from clinch.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE = re.compile(r"^ *```\w*\n(.*?)^ *```$|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
CLINCH = re.compile(r"(?:^|[(|;&]|(?<!install)(?<!upgrade)\s)(?:\.venv/bin/)?clinch ([a-z]+)(?: ([a-z]+)\b)?", re.MULTILINE)
MAKE = re.compile(r"(?:^|[\s(|;&])make ([a-z][a-z-]*)", re.MULTILINE)
SETTING = re.compile(r"\bCLINCH_[A-Z_]*[A-Z]\b")


def subcommands(command: Any) -> dict[str, Any]:
    found: dict[str, Any] = getattr(command, "commands", {})
    return found


def code(page: Path) -> str:
    return "\n".join(block or word for block, word in CODE.findall(page.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_targets_exist(page: Path) -> None:
    known = subcommands(typer.main.get_command(app))
    for name, more in CLINCH.findall(code(page)):
        assert name in known, f"clinch {name}"
        below = subcommands(known[name])
        assert not (more and below) or more in below, f"clinch {name} {more}"
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {*MAKE.findall(code(page))} <= targets


def test_settings_exist() -> None:
    places = [ROOT / "docker-compose.yml", *(ROOT / "shared").rglob("*.py"), *(ROOT / "services").rglob("*.py")]
    places += [path for path in (ROOT / "deploy").rglob("*") if path.suffix in (".py", ".env", ".yaml", ".sh") or path.name == "Dockerfile"]
    text = "\n".join(path.read_text() for path in places)
    named = {(name, page.name) for page in PAGES if page.name != "CHANGELOG.md" for name in SETTING.findall(page.read_text())}
    fields = {f"CLINCH_{name.upper()}" for name in re.findall(r"^    (\w+): ", text, re.MULTILINE)}
    gone = {(name, page) for name, page in named if name.removesuffix("_FILE") not in fields and name not in text}
    assert not {(name, page) for name, page in gone if not re.fullmatch(r"CLINCH_(LEAD|DEAL|CONTRACT|METRICS)_DATABASE_URL", name)}
