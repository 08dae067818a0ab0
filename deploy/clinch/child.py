"""One supervised process: started, watched, started again with back-off, stopped."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from shared.postgres import PostgresError

Process = subprocess.Popen[bytes]

SHORTEST, LONGEST = 0.2, 10.0  # seconds between restarts
STEADY = 30.0  # seconds after which a process counts as healthy again


@dataclass
class Child:
    name: str
    start: Callable[[], Process]
    process: Process | None = None
    failures: int = 0
    """In a row, without a steady time between them."""
    last_code: int | None = None
    _started: float = 0
    _not_before: float = 0

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

    def terminate(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, patience: float) -> None:
        """Wait until it has ended; kill it after `patience` seconds."""
        if self.process is not None:
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _back_off(self, now: float) -> float:
        delay = min(SHORTEST * 2.0**self.failures, LONGEST)
        self.failures += 1
        self._not_before = now + delay
        return delay


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
