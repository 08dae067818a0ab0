"""The programs of a Kubernetes control plane on this machine."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "kubernetes"
"""Where `python -m tests.cluster.build` puts them."""
NEEDED = ("etcd", "kube-apiserver", "kube-controller-manager")


class Missing(Exception):
    """A sentence that names what is not there."""


def binaries() -> dict[str, Path]:
    """Path by name, of `NEEDED`: from $KUBEBUILDER_ASSETS as in controller-runtime's envtest, else our own, else on PATH."""
    folders = [os.environ.get("KUBEBUILDER_ASSETS"), str(CACHE), os.environ.get("PATH")]
    path = os.pathsep.join(filter(None, folders))
    found = {name: shutil.which(name, path=path) for name in NEEDED}
    if missing := [name for name, place in found.items() if not place]:
        raise Missing(
            f"{_together(missing)} not found in $KUBEBUILDER_ASSETS or on PATH; `python -m tests.cluster.build` makes them with Go 1.26"
        )
    return {name: Path(place) for name, place in found.items() if place}


def _together(names: Iterable[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last} were" if rest else f"{last} was"
