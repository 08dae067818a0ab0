"""The `helm` that renders the chart: the one on this machine, or a pinned one that Go builds from its sources."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "clinch"
VERSION = "4.3.1"
"""The Helm that is built; go.sum of the module and Go's checksum database pin its sources."""
OLDEST = (3, 18)
"""The first whose validation of values is that of Helm 4."""
CACHE = ROOT / ".cache" / "helm" / VERSION
_NOT_OURS = ("no such host", "connection refused", "i/o timeout", "network is unreachable", "server misbehaving", "requires go >=")
"""What Go says where there is no way to the sources, or it is too old for them."""


class NoHelm(Exception):
    """A sentence. `must_run`: it could have been had, so CI must not pass over what needs it."""

    def __init__(self, sentence: str, *, must_run: bool) -> None:
        super().__init__(sentence)
        self.must_run = must_run


@cache
def helm() -> str:
    """The path of a usable Helm, built if need be (minutes, once). Raises NoHelm."""
    built = CACHE / "helm"
    for found in (os.environ.get("HELM"), str(built), shutil.which("helm")):
        if found and Path(found).exists() and _version(found) >= OLDEST:
            return found
    if not shutil.which("go"):
        raise NoHelm(
            "There is no Helm 3.18 or newer, and no Go to build one with: install either, or name one with HELM=...", must_run=False
        )
    print(f"Building Helm {VERSION} with Go into {CACHE.relative_to(ROOT)} (once; minutes) ...", flush=True)
    done = subprocess.run(
        ["go", "install", f"helm.sh/helm/v4/cmd/helm@v{VERSION}"],
        env=os.environ | {"GOBIN": str(CACHE), "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise NoHelm(f"Go could not build Helm {VERSION}: {last}", must_run=not any(sign in done.stderr for sign in _NOT_OURS))
    return str(built)


def _version(binary: str) -> tuple[int, ...]:
    """(3, 18) for v3.18.2; nothing for what is no Helm."""
    said = subprocess.run([binary, "version", "--short"], capture_output=True, text=True).stdout
    number = re.match(r"v(\d+)\.(\d+)", said)
    return tuple(map(int, number.groups())) if number else ()
