"""Scheduler and kubelet of a cluster with one node: gives each pod an address, runs its container, tells what became of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from tests.cluster.client import Client, Gone, Object
from tests.cluster.container import Pretence, Process, Read, texts

NAME = "here"
PAUSE = 0.15
"""Seconds between two looks at the API server."""


class Node:
    """`started` holds (namespace, pod) in the order in which they began."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client, self._folder = client, folder
        self.gateways: dict[str, str] = {}
        """Namespaces whose pods are processes, each with the proxy to its Services. Elsewhere they are pretended."""
        self.started: list[tuple[str, str]] = []
        self._running: dict[str, Process | Pretence] = {}
        self._addresses: dict[str, str] = {}
        self._said: dict[str, Object] = {}
        self._numbers = count(1)
        self._end = threading.Event()
        self._broken: BaseException | None = None

    @contextmanager
    def working(self, log_port: int) -> Iterator[None]:
        """Register, and look after pods. The pods' logs are asked for at that port of loopback."""
        self._client.create("nodes", {"metadata": {"name": NAME}})
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": log_port}},
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        self._client.patch("nodes", NAME, {"status": status}, part="/status")
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()
            for container in self._running.values():
                container.close()
        if self._broken:
            raise self._broken

    def log(self, namespace: str, pod: str) -> bytes:
        return (self._folder / namespace / pod / "log").read_bytes()

    def _work(self) -> None:
        while not self._end.wait(PAUSE):
            try:
                self._look()
            except BaseException as error:
                self._broken = error
                return

    def _look(self) -> None:
        pods = {pod["metadata"]["uid"]: pod for pod in self._client.list("pods")}
        for uid in self._running.keys() - pods.keys():
            self._running.pop(uid).close()
        for uid, pod in pods.items():
            with suppress(Gone, KeyError):  # a pod that went, or a Secret or a key of it that is not there yet: the next look will tell
                if uid in self._running:
                    self._follow(uid, pod)
                elif "deletionTimestamp" in pod["metadata"]:
                    self._remove(pod)
                elif pod["status"]["phase"] == "Pending":
                    self._start(uid, pod)

    def _start(self, uid: str, pod: Object) -> None:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        if uid not in self._addresses:
            number = next(self._numbers)
            self._addresses[uid] = f"10.244.{number // 250}.{number % 250 + 1}"
            self._client.create(f"pods/{name}/binding", {"metadata": {"name": name}, "target": {"kind": "Node", "name": NAME}}, namespace)
        folder = self._folder / namespace / name
        folder.mkdir(parents=True, exist_ok=True)

        def read(kind: str, wanted: str) -> dict[str, str]:
            return texts(self._client.get(kind, wanted, namespace))

        self._running[uid] = self._container(pod, self._addresses[uid], folder, read)
        self.started.append((namespace, name))

    def _container(self, pod: Object, ip: str, folder: Path, read: Read) -> Process | Pretence:
        gateway = self.gateways.get(pod["metadata"]["namespace"])
        return Process(pod, ip, folder, gateway, read) if gateway else Pretence(pod)

    def _follow(self, uid: str, pod: Object) -> None:
        container, name, namespace = self._running[uid], pod["metadata"]["name"], pod["metadata"]["namespace"]
        if "deletionTimestamp" in pod["metadata"]:
            container.stop(pod["metadata"]["deletionGracePeriodSeconds"])
            if container.exit_code() is not None:
                self._remove(pod)
                return
        said = _status(pod, container, self._addresses[uid])
        if said != self._said.get(uid):
            self._client.patch("pods", name, {"status": said | _since(said)}, namespace, part="/status")
            self._said[uid] = said

    def _remove(self, pod: Object) -> None:
        self._client.delete("pods", pod["metadata"]["name"], pod["metadata"]["namespace"], seconds=0)


def _status(pod: Object, container: Process | Pretence, ip: str) -> Object:
    """What a kubelet would say; without times."""
    code = container.exit_code()
    ready = code is None and container.ready()
    (spec,) = pod["spec"]["containers"]
    phase = "Running" if code is None else "Failed" if code else "Succeeded"
    state = {"running": {}} if code is None else {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed"}}
    told = {"name": spec["name"], "image": spec["image"], "imageID": spec["image"], "ready": ready, "restartCount": 0, "state": state}
    conditions = {"PodScheduled": True, "Initialized": True, "ContainersReady": ready, "Ready": ready}
    return {
        "phase": phase,
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "conditions": [{"type": kind, "status": str(value)} for kind, value in conditions.items()],
        "containerStatuses": [told],
    }


def _since(said: Object) -> Object:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"conditions": [one | {"lastTransitionTime": now} for one in said["conditions"]], "startTime": now}
