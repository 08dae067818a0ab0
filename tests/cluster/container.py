"""A pod's container as a process of this checkout: its settings, secrets, ports and probes are those that the chart gives it."""

import os
import re
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.cluster.client import Object

ROOT = Path(__file__).parents[2]
_CODE = [ROOT, ROOT / "deploy", *sorted((ROOT / "services").iterdir())]
Read = Callable[[str, str], dict[str, str]]
"""What a ("secrets" | "configmaps", name) of the pod's namespace holds."""
PROBE_PAUSE = 0.5
"""Seconds between two questions; the chart's own are seconds longer, to spare what is probed."""


def address(pod_ip: str) -> str:
    """Where this machine has the pod 10.244.1.2: Kubernetes would not publish a loopback address, and without root we have no other."""
    return pod_ip.replace("10.", "127.", 1)


class Process:
    """Raises Gone or KeyError while a Secret or ConfigMap that it needs, or a key of it, is not there."""

    def __init__(self, pod: Object, ip: str, folder: Path, gateway: str, read: Read) -> None:
        """`gateway` is the proxy that knows the cluster's Services."""
        (self.spec,) = pod["spec"]["containers"]
        self.log = folder / "log"
        self.host = address(ip)
        mounts = {mount["name"]: mount["mountPath"] for mount in self.spec["volumeMounts"]}
        for volume in pod["spec"]["volumes"]:
            for source in volume.get("projected", {}).get("sources", []):
                held = read("secrets", source["secret"]["name"])
                for item in source["secret"]["items"]:
                    place = folder / mounts[volume["name"]].lstrip("/") / item["path"]
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_text(held[item["key"]])
        env = {n: v for source in self.spec.get("envFrom", []) for n, v in read("configmaps", source["configMapRef"]["name"]).items()}
        env |= {one["name"]: one["value"] for one in self.spec.get("env", [])}
        for path in mounts.values():
            env = {name: re.sub(rf"^{path}(?=/)", str(folder / path.lstrip("/")), value) for name, value in env.items()}
        # One machine has all pods: each gets an address of its own instead of all addresses.
        env |= {"CLINCH_HOST": self.host} if self.spec.get("ports") else {}
        env |= {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, _CODE)), "http_proxy": gateway}
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), cwd=folder, env=env | {"TMPDIR": str(folder / "tmp")}, stdout=log, stderr=log, start_new_session=True
            )
        self._http = httpx.Client(trust_env=False)
        self._asked = float("-inf")
        self._started = self._ready = False
        self._stop_at: float | None = None

    def _command(self) -> list[str]:
        if own := self.spec.get("command"):
            return [sys.executable, *own[1:]] if own[0] == "python" else list(own)
        image = re.sub(r"[:@].*", "", self.spec["image"].rpartition("/")[2])
        module = "clinch.run.front" if image == "front" else image.replace("-", "_")
        return [sys.executable, "-m", module, *self.spec.get("args", [])]

    def exit_code(self) -> int | None:
        return self._process.poll()

    def ready(self) -> bool:
        """By the pod's own probes: alive once, then ready and alive."""
        if time.monotonic() - self._asked >= PROBE_PAUSE:
            self._started = self._started or self._answers("startupProbe")
            self._ready = self._started and self._answers("readinessProbe") and self._answers("livenessProbe")
            self._asked = time.monotonic()
        return self._ready

    def _answers(self, probe: str) -> bool:
        if probe not in self.spec:
            return True
        get = self.spec[probe]["httpGet"]
        port = next(one["containerPort"] for one in self.spec["ports"] if one["name"] == get["port"])
        try:
            return self._http.get(f"http://{self.host}:{port}{get['path']}", timeout=self.spec[probe]["timeoutSeconds"]).is_success
        except httpx.TransportError:
            return False

    def stop(self, grace: float) -> None:
        """SIGTERM, and the end `grace` seconds later; call it again until `exit_code` is there."""
        if self._stop_at is None:
            self._stop_at = time.monotonic() + grace
            self._process.send_signal(signal.SIGTERM)
        elif time.monotonic() > self._stop_at:
            self._process.kill()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._http.close()


class Pretence:
    """Ready at once; a job succeeds at once. For what a pod does not show: whether the API server and the controllers take the objects."""

    def __init__(self, pod: Object) -> None:
        self.log = Path(os.devnull)
        self._code = 0 if pod["spec"]["restartPolicy"] == "Never" else None

    def exit_code(self) -> int | None:
        return self._code

    def ready(self) -> bool:
        return True

    def stop(self, grace: float) -> None:
        self._code = 0

    def close(self) -> None:
        """Nothing is left of it."""


def texts(held: Object) -> dict[str, str]:
    """What a Secret or ConfigMap holds."""
    data = held.get("data") or {}
    return {name: b64decode(value).decode() for name, value in data.items()} if held.get("type") else data
