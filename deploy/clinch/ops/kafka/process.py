"""The process of a broker: recorded in its folder, and taken for ours only when its command line says so."""

import json
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

PATIENCE = 30.0  # seconds for an orderly end


@dataclass(frozen=True)
class Recorded:
    """The process that was last started, running or not, and the port that it was to listen on."""

    pid: int
    port: int


class BrokerProcess:
    """The one process of the broker whose data is in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.properties = folder / "server.properties"
        self.log = folder / "kafka.log"
        self._record = folder / "process.json"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], port: int) -> None:
        """Start it, detached from the terminal. The path of `properties` must be part of the command."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._record.write_text(json.dumps({"pid": self._child.pid, "port": port}))

    def recorded(self) -> Recorded | None:
        try:
            return Recorded(**json.loads(self._record.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def running(self) -> "psutil.Process | None":
        """The process, while it runs. A pid that the system gave to somebody else meanwhile is not ours."""
        if (recorded := self.recorded()) is None:
            return None
        import psutil

        try:
            process = psutil.Process(recorded.pid)
            if self._child and self._child.pid == recorded.pid:  # our own: its pid is nobody else's before we have asked how it ended
                return process if self._child.poll() is None else None
            return process if str(self.properties) in process.cmdline() else None  # that of a zombie is empty
        except psutil.Error:
            return None

    def stop(self, patience: float = PATIENCE) -> bool:
        """End it in order, and by force after `patience` seconds; whether it ran. The record goes with it."""
        ran = self.send(signal.SIGTERM)
        if ran and not self._gone(patience):
            self.kill()
        self._record.unlink(missing_ok=True)
        return ran

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.send(signal.SIGKILL)
        self._gone(PATIENCE)

    def send(self, number: signal.Signals) -> bool:
        """Signal it, if it runs; whether it did."""
        import psutil

        with suppress(psutil.NoSuchProcess):
            if process := self.running():
                process.send_signal(number)
                return True
        return False

    def _gone(self, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while self.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def last_words(self) -> str:
        """The end of its log, in one line: why it does not run."""
        try:
            lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        except FileNotFoundError:
            return "it left no log"
        told = [line for line in lines if not line.startswith(("at ", "..."))]
        return told[-1] if told else "it said nothing"
