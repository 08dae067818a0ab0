"""Helm as an operator uses it: one release in one namespace, with the rights that were granted to the installer."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.helm.chart import CASES
from tests.helm.engine import CHART, helm

RELEASE = "clinch"
MINUTES = "10m"


@dataclass(frozen=True)
class Helm:
    kubeconfig: Path
    namespace: str
    folder: Path
    """Helm's own caches."""

    def __call__(self, command: str, *args: str, fails: bool = False) -> str:
        """What it said, on both channels. AssertionError when it failed, or did not although it should."""
        env = os.environ | {f"HELM_{name}_HOME": str(self.folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        where = ["--namespace", self.namespace, "--kubeconfig", str(self.kubeconfig)]
        done = subprocess.run([helm(), command, *args, *where], env=env, capture_output=True, text=True)
        said = done.stdout + done.stderr
        assert bool(done.returncode) == fails, said
        return said

    def install(self, values: str, *args: str, sets: Mapping[str, str] | None = None, fails: bool = False) -> str:
        return self._bring("install", values, *args, sets=sets, fails=fails)

    def upgrade(self, values: str, *args: str, sets: Mapping[str, str] | None = None, fails: bool = False) -> str:
        return self._bring("upgrade", values, *args, sets=sets, fails=fails)

    def _bring(self, command: str, values: str, *args: str, sets: Mapping[str, str] | None, fails: bool) -> str:
        return self(command, RELEASE, str(CHART), "-f", str(CASES[values]), *_sets(sets), "--timeout", MINUTES, *args, fails=fails)


def _sets(sets: Mapping[str, str] | None) -> list[str]:
    return [part for name, value in (sets or {}).items() for part in ("--set", f"{name}={value}")]
