"""The README's walk from lead to cash, as its reader pastes it."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEPS = [f"F{n}" for n in range(1, 10)]


def blocks(page: str) -> list[str]:
    """What a page of the project gives to be pasted into bash."""
    return re.findall(r"^```bash\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


def walk(where: str, environment: Mapping[str, str], *, token: str | None = None) -> dict[str, int]:
    """Walk at this origin; what the funnel showed at the end, by step. `token` is a shell function in place of the README's own."""
    found = blocks("README.md")
    assert len(found) >= 7
    command = f"{sys.executable} -m clinch.main token"
    text = "\n".join(found).replace("http://127.0.0.1:8000", where).replace(".venv/bin/clinch token", command)
    assert where in text
    assert command in text
    if token:
        text, replaced = re.subn(r"^token\(\) \{.*\}\n", lambda _: token, text, flags=re.MULTILINE)
        assert replaced == 1
    done = subprocess.run(["bash", "-c", text], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    shown = [line.split() for line in done.stdout.splitlines() if re.match(r"F\d ", line)]
    assert [step[0] for step in shown] == STEPS, done.stdout + done.stderr
    return {step[0]: int(step[-1]) for step in shown}
