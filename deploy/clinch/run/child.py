"""One supervised process: started, watched, started again with back-off, replaced by a successor, stopped."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from clinch.run.postgres import PostgresError

Process = subprocess.Popen[bytes]

SHORTEST, LONGEST = 0.2, 10.0  # seconds between restarts
STEADY = 30.0  # seconds after which a process counts as healthy again
READY_WITHIN = 60.0  # seconds that a successor has to become ready
PATIENCE = 20.0  # seconds for a process to finish what it is doing


@dataclass
class Child:
    name: str
    start: Callable[[], Process]
    process: Process | None = None
    failures: int = 0
    """In a row, without a steady time between them."""
    last_code: int | None = None
    successor: Process | None = None
    """Starts while `process` still works, and takes its place when it is ready."""
    leaving: Process | None = None
    """The predecessor, while it finishes what it is doing."""
    _started: float = 0
    _not_before: float = 0
    _until: float = 0

    def tend(self) -> str | None:
        """Start it when it is due; say what happened, if something did."""
        now = time.monotonic()
        if self.process is None:
            if now < self._not_before:
                return None
            try:
                self.process, self._started = self.start(), now
            except (OSError, PostgresError) as error:
                return f"{self.name} cannot be started, next try in {self._back_off(now):.1f} s: {error}"
            return f"{self.name} started as process {self.process.pid}"
        self.last_code = self.process.poll()
        if self.last_code is None:
            return None
        self.process = None
        if now - self._started > STEADY:
            self.failures = 0
        return f"{self.name} ended ({_how(self.last_code)}), starts again in {self._back_off(now):.1f} s"

    @property
    def handing_over(self) -> bool:
        return self.successor is not None or self.leaving is not None

    @property
    def processes(self) -> dict[str, Process]:
        """All there are, under the names that `clinch status` shows."""
        named = {self.name: self.process, f"{self.name}-next": self.successor, f"{self.name}-last": self.leaving}
        return {name: process for name, process in named.items() if process is not None}

    def hand_over(self) -> str:
        """Start a successor. The present process ends when that one is ready, and stays when it never is."""
        try:
            self.successor, self._until = self.start(), time.monotonic() + READY_WITHIN
        except (OSError, PostgresError) as error:
            return f"{self.name} cannot be started, the present one stays: {error}"
        return f"{self.name} is followed by process {self.successor.pid}"

    def tend_handover(self, ready: bool) -> str | None:
        """Go on with it; say what happened, if something did. `ready`: the successor has just said that it is."""
        now = time.monotonic()
        if self.leaving is not None:
            if self.leaving.poll() is None and now > self._until:
                self.leaving.kill()
            if self.leaving.poll() is not None:
                pid, self.leaving = self.leaving.pid, None
                return f"{self.name} process {pid} has ended"
        elif self.successor is not None:
            if self.successor.poll() is not None or now > self._until:
                why, self.successor = self._drop(self.successor), None
                return f"{self.name} has no successor ({why}), the present one stays"
            if ready:
                self.leaving, self.process, self.successor = self.process, self.successor, None
                self._started, self._until, self.failures = now, now + PATIENCE, 0
                if self.leaving is not None:
                    self.leaving.terminate()
                return f"{self.name} is process {self.process.pid} now"
        return None

    @staticmethod
    def _drop(process: Process) -> str:
        if process.poll() is None:
            process.kill()
            process.wait()
            return f"not ready within {READY_WITHIN:.0f} s"
        return _how(process.returncode)

    def stop(self) -> None:
        """For good: SIGINT, since nobody takes over from it and clients need not be led elsewhere."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        """Wait until all have ended; kill those that take longer than `PATIENCE`."""
        for process in self.processes.values():
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _back_off(self, now: float) -> float:
        delay = min(SHORTEST * 2.0**self.failures, LONGEST)
        self.failures += 1
        self._not_before = now + delay
        return delay


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
