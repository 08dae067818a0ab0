"""`python -m tests.cluster.build`: the programs of a control plane, from the Go modules that Kubernetes and etcd publish.

Once, a quarter of an hour on two cores, and 2 GB in Go's own caches. go.sum is made anew; Go's checksum database vouches for the sources.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cluster.binaries import CACHE

KUBERNETES, ETCD = "1.36.3", "3.6.16"
_STAGED = re.compile(r"^\s*(k8s\.io/\S+) => \./staging/", re.M)


def main() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    _build(f"go.etcd.io/etcd/server/v3@v{ETCD}", [], ["go.etcd.io/etcd/server/v3"], "", CACHE / "etcd")
    # Its libraries are replaced by folders that are not in its module: take them from where they are published.
    kubernetes = f"k8s.io/kubernetes@v{KUBERNETES}"
    said = json.loads(_go("mod", "download", "-json", kubernetes, folder=CACHE))
    published = f"v0.{KUBERNETES.partition('.')[2]}"
    replaced = [f"{name}={name}@{published}" for name in _STAGED.findall(Path(said["GoMod"]).read_text())]
    major, minor, _ = KUBERNETES.split(".")
    told = {"gitVersion": f"v{KUBERNETES}", "gitMajor": major, "gitMinor": minor}
    flags = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in told.items())
    _build(kubernetes, replaced, [f"k8s.io/kubernetes/cmd/{name}" for name in ("kube-apiserver", "kube-controller-manager")], flags, CACHE)


def _build(module: str, replaced: list[str], commands: list[str], flags: str, to: Path) -> None:
    print(f"Building {module} ...", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "go.mod").write_text("module cluster\n")
        imports = "".join(f"import _ {json.dumps(command)}\n" for command in commands)
        (folder / "tools.go").write_text(f"//go:build tools\n\npackage tools\n\n{imports}")
        _go("mod", "edit", f"-require={module}", *(f"-replace={one}" for one in replaced), folder=folder)
        _go("mod", "tidy", folder=folder)
        _go("build", "-trimpath", f"-ldflags=-s -w {flags}", "-o", str(to), *commands, folder=folder)


def _go(*args: str, folder: Path) -> str:
    try:
        done = subprocess.run(
            ["env", "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "nice", "go", *args], cwd=folder, stdout=subprocess.PIPE, text=True
        )
    except FileNotFoundError:
        sys.exit("Go is needed to build them.")
    if done.returncode:
        sys.exit(f"go {args[0]} failed, see above.")
    return done.stdout


if __name__ == "__main__":
    main()
