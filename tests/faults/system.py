"""An embedded system of a test's own, started and stopped by its commands, whose processes can be killed one by one."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from clinch.folder import DataFolder
from clinch.processes import alive

Name = Literal["api", "worker", "postgres", "broker"]
PATIENT = {"CLINCH_POOL_WAIT_SECONDS": "60"}
"""For tests where no request may fail: on a busy machine 503 says that there is too much to do, which is not what they look for."""
READY_WITHIN = 15.0
"""Seconds after a fault (quality.md §1, invariant 12)."""


@dataclass
class System:
    data: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    recoveries: list[tuple[Name, float]] = field(default_factory=list)
    """What was killed, and the seconds until all was ready again."""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def clinch(self, *arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "clinch.main", *arguments, "--data", str(self.data)]
        env = {k: v for k, v in os.environ.items() if not k.startswith("CLINCH_")} | {"COLUMNS": "200", **self.settings}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL)

    @contextmanager
    def up(self, *arguments: str) -> Iterator[None]:
        """Run until the block ends."""
        up = self.clinch("up", "--port", str(self.port), *arguments)
        assert up.returncode == 0, up.stdout + up.stderr
        try:
            yield
        finally:
            down = self.clinch("down")
            assert (down.returncode, alive(DataFolder(self.data))) == (0, {}), down.stderr

    def headers(self, role: str = "admin") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.clinch('token', '--role', role).stdout.split()[-1]}"}

    def kill(self, name: Name) -> None:
        """kill -9, then wait until everything is ready again; how long that took is kept in `recoveries`."""
        folder = DataFolder(self.data)
        victim = alive(folder)[name]
        victim.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        while not self._ready_without(victim.pid, folder):
            assert time.monotonic() < killed + 4 * READY_WITHIN, f"not ready {4 * READY_WITHIN:.0f} s after {name} was killed"
            time.sleep(0.05)
        self.recoveries.append((name, time.monotonic() - killed))

    def _ready_without(self, pid: int, folder: DataFolder) -> bool:
        processes = alive(folder)
        if processes.keys() != {"api", "worker", "postgres"} or pid in {p.pid for p in processes.values()}:
            return False
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.origin}/readyz", timeout=READY_WITHIN).status_code == 200
        return False

    @contextmanager
    def killing(self, seed: int, names: list[Name], pause: tuple[float, float]) -> Iterator[threading.Event]:
        """Kill these, one after the other in random order, with random pauses between; the event is set when all are killed."""
        chance = random.Random(seed)
        order = chance.sample(names, len(names))
        done, stop, failures = threading.Event(), threading.Event(), list[BaseException]()

        def kill_all() -> None:
            try:
                for name in order:
                    if stop.wait(chance.uniform(*pause)):
                        return
                    self.kill(name)
            except BaseException as error:
                failures.append(error)
            finally:
                done.set()

        killer = threading.Thread(target=kill_all)
        killer.start()
        try:
            yield done
        finally:
            stop.set()
            killer.join()
            if failures:
                raise failures[0]

    def verified(self) -> str:
        """What `clinch verify --rebuild` prints; fails when an invariant does not hold."""
        verify = self.clinch("verify", "--rebuild", "--wait", "30", seconds=300)
        assert verify.returncode == 0, verify.stdout + verify.stderr
        return verify.stdout

    def figures(self, **more: Any) -> str:
        slowest = {name: max(s for n, s in self.recoveries if n == name) for name, _ in self.recoveries}
        kills = ", ".join(f"{name} {sum(n == name for n, _ in self.recoveries)} times (ready in {s:.1f} s)" for name, s in slowest.items())
        return f"\n  killed: {kills}" + "".join(f"\n  {name.replace('_', ' ')}: {value}" for name, value in more.items())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def embedded(data: Path, settings: Mapping[str, str] | None = None) -> Iterator[System]:
    system = System(data, free_port(), settings or {})
    with system.up():
        yield system
