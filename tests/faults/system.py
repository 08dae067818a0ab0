"""An embedded system of a test's own, started and stopped by its commands, whose processes can be killed one by one."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

import httpx

from clinch.run.folder import DataFolder
from clinch.run.processes import alive
from tests.ports import free_port

Name = Literal["api", "worker", "postgres", "broker"]
PATIENT = {"CLINCH_POOL_WAIT_SECONDS": "60"}
"""For tests where no request may fail: on a busy machine 503 says that there is too much to do, which is not what they look for."""
READY_WITHIN = 15.0
"""Seconds after a fault (quality.md §1, invariant 12), where a system starts in `START_SECONDS`; on slower machines so much longer."""
START_SECONDS = 5.0
"""From `clinch up` to ready, when all is installed (quality.md §3, S1)."""
LAG_WITHIN = 30.0
"""Seconds until nothing waits to be published or projected, likewise."""
PATIENCE = 4
"""For so many times the promise a test waits, to say how long it took: one recovery may meet a busy moment of the machine."""


@dataclass
class System:
    data: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    recoveries: list[tuple[Name, float]] = field(default_factory=list)
    """What was killed, and the seconds until all was ready again."""
    slowness: float = 1.0
    """How much longer this machine took for a start than is promised: what is promised in seconds is held against so much more."""

    def copied(self, data: Path, port: int, settings: Mapping[str, str] | None = None) -> "System":
        """One with the same data while this one is down: it starts sooner than a new one, and is promised what this one was."""
        subprocess.run(["cp", "-a", self.data, data], check=True)
        return System(data, port, settings or {}, slowness=self.slowness)

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
        started = time.monotonic()
        up = self.clinch("up", "--port", str(self.port), *arguments)
        assert up.returncode == 0, up.stdout + up.stderr
        self.slowness = max(self.slowness, (time.monotonic() - started) / START_SECONDS)
        try:
            yield
        finally:
            down = self.clinch("down")
            assert (down.returncode, alive(DataFolder(self.data))) == (0, {}), down.stderr

    def headers(self, role: str = "admin") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.clinch('token', '--role', role).stdout.split()[-1]}"}

    def kill(self, name: Name) -> None:
        """kill -9, then wait until everything is ready again; how long that took is kept in `recoveries`."""
        folder, patience = DataFolder(self.data), PATIENCE * READY_WITHIN * self.slowness
        looked = time.monotonic()
        while (victim := alive(folder).get(name)) is None:  # one that met the fault before while it started is started again after a pause
            assert time.monotonic() < looked + patience, f"{name} does not come back in {patience:.0f} s"
            time.sleep(0.05)
        victim.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        while not self._ready_without(victim.pid, folder):
            assert time.monotonic() < killed + patience, f"not ready {patience:.0f} s after {name} was killed"
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
        verify = self.clinch("verify", "--rebuild", "--wait", f"{LAG_WITHIN * self.slowness:.0f}", seconds=600)
        assert verify.returncode == 0, verify.stdout + verify.stderr
        return verify.stdout

    def recovered_in_time(self) -> bool:
        """Whether the usual recovery of each kind was as promised; `kill` fails for a single one that takes far longer."""
        return all(median(times) < READY_WITHIN * self.slowness for times in self._recoveries().values())

    def _recoveries(self) -> dict[Name, list[float]]:
        return {name: [s for n, s in self.recoveries if n == name] for name, _ in self.recoveries}

    def figures(self, **more: Any) -> str:
        times = self._recoveries().items()
        kills = ", ".join(f"{name} {len(t)} times (ready in {median(t):.1f} s, at most {max(t):.1f} s)" for name, t in times)
        promise = f"; promised {READY_WITHIN:.0f} s, on this machine x {self.slowness:.1f}"
        return f"\n  killed: {kills}{promise}" + "".join(f"\n  {name.replace('_', ' ')}: {value}" for name, value in more.items())


@contextmanager
def embedded(data: Path, settings: Mapping[str, str] | None = None, *, like: System | None = None) -> Iterator[System]:
    """On a new folder, or on a copy of that of another system."""
    system = like.copied(data, free_port(), settings) if like else System(data, free_port(), settings or {})
    with system.up():
        yield system
