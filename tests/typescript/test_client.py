"""The TypeScript client as a frontend team takes it: packed, compiled with all of tsc's strictness, walking from a lead to its payment."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.clinch.running import origin as origin
from tests.clinch.walk import ROOT

CLIENT = ROOT / "deploy/clients/typescript"
STRICT = ("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--module", "nodenext", "--target", "es2022")


def run(folder: Path, *command: str, **environment: str) -> str:
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's package, made from the committed documents."""
    run(CLIENT, "npm", "ci", "--no-audit", "--no-fund")
    folder = tmp_path_factory.mktemp("packed")
    run(CLIENT, "npm", "pack", "--pack-destination", str(folder))
    (made,) = folder.glob("*.tgz")
    return made


def test_what_the_client_does_by_itself(packed: Path) -> None:
    run(CLIENT, "node", "--test", "test/")


def test_the_first_ten_minutes_are_as_the_page_says(packed: Path, tmp_path: Path, origin: tuple[str, dict[str, str]]) -> None:
    where, _ = origin
    blocks = re.findall(r"^```ts\n(.*?)^```$", (ROOT / "docs/typescript.md").read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "walk.ts").write_text("\n".join(blocks))
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    run(tmp_path, "npm", "install", "--no-audit", "--no-fund", str(packed), "typescript@5.9.3", "@types/node@20")
    run(tmp_path, "npx", "tsc", *STRICT, "walk.ts")
    said = run(tmp_path, "node", "walk.js", CLINCH_URL=where).splitlines()
    assert said[:2] == ["true", "Blue Kite Foods"]
    assert "cannot_qualify" in said[-4]
    assert said[-3:] == ["0.00", "proposal, negotiation, closing", "referral"]
