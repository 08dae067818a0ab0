"""The data folder of an embedded run: what is where, whose it is, and which supervisor holds it."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from clinch.errors import CommandError

_MARK = "README"
_MARK_TEXT = "The data of an embedded Clinch: database, logs, keys. Do not edit; `clinch clean` removes it.\n"


@dataclass(frozen=True)
class Run:
    """The supervisor that holds the folder now, the port its API listens on, that of the API's figures (0: none), and CLINCH_ENV."""

    pid: int
    port: int
    admin_port: int = 0
    env: str = ""


class DataFolder:
    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.postgres = self.path / "postgres"
        self.logs = self.path / "logs"
        self.issuer_key = self.path / "issuer-key.json"
        self.schema_stamp = self.path / "schema"
        self.processes = self.path / "processes.json"
        self.bus = self.path / "bus.json"
        self.clock = self.path / "clock.json"
        self.restart = self.path / "restart"
        self.kept = (self.issuer_key, self.schema_stamp, self.bus, self.clock)
        """What a backup holds besides the databases."""
        self._lock = self.path / "lock"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def exists(self) -> bool:
        return (self.path / _MARK).exists()

    def claim(self) -> None:
        """Make the folder, or check that it is ours and can be written to."""
        try:
            if self.path.exists() and not self.exists() and any(self.path.iterdir()):
                raise CommandError(f"{self.path} holds other files: name an empty or a new folder with --data or CLINCH_DATA.", 2)
            self.logs.mkdir(parents=True, exist_ok=True)
            (self.path / _MARK).write_text(_MARK_TEXT)
        except OSError as error:
            reason = error.strerror or str(error)
            raise CommandError(f"{self.path} cannot be written to ({reason}): name another folder with --data or CLINCH_DATA.", 2) from None

    def trim_logs(self, limit: int = 20_000_000) -> None:
        """Move a log over `limit` bytes aside, over its predecessor. Its writer goes on in the same file: all of them append."""
        for log in self.logs.glob("*.log"):
            if log.stat().st_size > limit:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)

    def run(self) -> Run | None:
        """The supervisor that holds the folder. A dead one's file says nothing: the kernel frees the lock with the process."""
        try:
            with self._lock.open("r+") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return Run(**json.load(file))
        except (OSError, json.JSONDecodeError):
            pass  # never started, or not ours to read
        return None

    @contextmanager
    def hold(self, port: int, admin_port: int = 0) -> Iterator[None]:
        """Hold the folder for this process; only one can."""
        with os.fdopen(os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o644), "r+") as file:
            self._lock_for_good(file)
            file.truncate()
            json.dump(asdict(Run(os.getpid(), port, admin_port, os.environ.get("CLINCH_ENV", ""))), file)
            file.flush()
            yield

    def _lock_for_good(self, file: IO[str]) -> None:
        """Somebody who only looks, in `run`, holds the lock for an instant: hence more than one try."""
        for _ in range(10):
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.02)
        raise CommandError(f"Clinch is already running on {self.path}.")


def default_folder() -> Path:
    """`.clinch` in the project's root, or in the working directory when the package is installed without its project."""
    root = Path(__file__).resolve().parents[3]
    return (root if (root / "pyproject.toml").exists() else Path.cwd()) / ".clinch"
