"""Keeps Postgres, the API process and the worker alive. Runs detached under `clinch up`, or in the terminal with --foreground.

It imports the standard library only, to be small and to start at once. It tells the terminal how far it is by JSON lines on
standard output: {"step": ...}, then {"ready": true} or {"error": ..., "exit_code": ...}.
"""

import contextlib
import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from clinch.errors import CommandError
from clinch.run.arguments import Arguments, parse
from clinch.run.child import Child, Process
from clinch.run.health import Pulse
from clinch.run.postgres import Postgres, PostgresError
from clinch.run.processes import record, stop_leftovers
from clinch.run.schema import revision_hash
from clinch.run.settings import Embedded

COMMANDS: Mapping[str, Sequence[str]] = {name: (sys.executable, "-P", "-m", f"clinch.run.{name}") for name in ("schema", "api", "worker")}
TRIM_EVERY = 60.0  # seconds between looks at the size of the logs
HANGS = 60.0  # seconds without an answer after which Postgres is killed: a busy one answers, and so does one that recovers
TRIES = 3  # ends of a child before the first "ready" that count as hopeless


class Supervisor:
    """`report` takes a step for the person who waits; `tick` is called ten times a second."""

    def __init__(
        self,
        run: Embedded,
        report: Callable[[str], None],
        tick: Callable[[], None] = lambda: None,
        commands: Mapping[str, Sequence[str]] = COMMANDS,
    ) -> None:
        self._run, self._report, self._tick, self._commands = run, report, tick, commands
        self._stopped = False
        self._said_ready, self._say_ready = os.pipe()
        os.set_blocking(self._said_ready, False)

    def stop(self) -> None:
        """A flag and no event: a signal may come while the main thread holds an event's lock, and would wait for it for ever."""
        self._stopped = True

    def supervise(self, on_ready: Callable[[], None]) -> None:
        """Bring everything up, keep it up until `stop`, take it down. Raises CommandError or PostgresError when it cannot start."""
        folder, run = self._run.folder, self._run
        with folder.hold(run.port, run.admin_port):
            stop_leftovers(folder)
            listener = _listen(run.port)
            postgres = run.postgres()
            if not postgres.exists():
                self._report("Making the database folder (first start only)")
                postgres.create()
            server = Child("postgres", postgres.start)
            children = [Child(name, partial(self._spawn, name, listener)) for name in ("api", "worker")]
            try:
                self._start_postgres(server, postgres)
                self._bring_schema_up()
                self._watch(server, children, Pulse(postgres.socket), on_ready)
            finally:
                for child in children:
                    child.stop()
                for child in children:
                    child.wait()
                if server.process is not None:
                    postgres.stop(server.process)
                listener.close()
                record(folder, {})
                self._log("stopped")

    def _start_postgres(self, server: Child, postgres: Postgres) -> None:
        self._log(server.tend())
        if server.process is None:
            raise PostgresError("Postgres cannot be started; `clinch logs` says why.")
        record(self._run.folder, {"postgres": server.process.pid})
        for opened in postgres.opened:
            self._report(f"Letting other accounts pass through {opened} (chmod o+x), since Postgres does not run as root")
        postgres.wait_ready(server.process)

    def _bring_schema_up(self) -> None:
        """Migrate when the revisions differ from those that this folder was migrated with."""
        stamp, wanted = self._run.folder.schema_stamp, revision_hash()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        log = self._run.folder.log("schema")
        with log.open("ab") as errors:
            command = [*self._commands["schema"], *Arguments(self._run).to_list()]
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
                for line in process.stdout or ():
                    self._report(line.rstrip())
        if process.returncode:
            if process.returncode == 2:
                raise CommandError(_last_line(log), 2)
            raise CommandError(f"The databases could not be prepared, `clinch logs schema` has all of it: {_last_line(log)}")
        stamp.write_text(wanted)

    def _watch(self, server: Child, others: Sequence[Child], pulse: Pulse, on_ready: Callable[[], None]) -> None:
        children = [server, *others]
        ready, up, trim_at = False, {"postgres"}, 0.0
        self._run.folder.restart.unlink(missing_ok=True)
        self._report("Starting the API and the worker")
        while not self._waited():
            for child in children:
                if news := child.tend():
                    self._say(news, children)
                    if not ready and child.process is None:
                        self._give_up_on(child)
            self._kill_if_it_hangs(server, pulse)
            newly = self._newly_ready()
            up |= newly
            self._restart_what_is_asked(children, newly)
            if not ready and all(c.process and c.name in up for c in children) and _answers_ready(self._run.port):
                ready = True
                self._log("ready")
                on_ready()
            if time.monotonic() > trim_at:
                self._run.folder.trim_logs()
                trim_at = time.monotonic() + TRIM_EVERY
            self._tick()

    def _waited(self) -> bool:
        """Wait for the next look; whether it is the last one."""
        time.sleep(0.1)
        return self._stopped

    def _kill_if_it_hangs(self, server: Child, pulse: Pulse) -> None:
        """What was acknowledged is on disk. A new server has it, and `tend` starts one."""
        if server.process is None:
            pulse.forget()
        elif pulse.silence() > HANGS:
            self._log(f"postgres has taken no connection for {HANGS:.0f} s, and is killed")
            server.process.kill()
            pulse.forget()

    def _restart_what_is_asked(self, children: Sequence[Child], newly_ready: set[str]) -> None:
        """`clinch restart` leaves a file with the names, and waits until it is gone. One after the other: twice all is too much."""
        asked = self._run.folder.restart
        for child in children:
            if child.handing_over and (news := child.tend_handover(child.name in newly_ready)):
                self._say(news, children)
        if any(child.handing_over for child in children) or not asked.exists():
            return
        if not (names := asked.read_text().split()):
            asked.unlink()
            return
        for child in children:
            if child.name == names[0]:
                self._say(child.hand_over(), children)
        asked.write_text(" ".join(names[1:]))

    def _say(self, news: str, children: Sequence[Child]) -> None:
        self._log(news)
        record(self._run.folder, {name: process.pid for child in children for name, process in child.processes.items()})

    def _newly_ready(self) -> set[str]:
        try:
            return set(os.read(self._said_ready, 4096).decode().split())
        except BlockingIOError:
            return set()

    def _give_up_on(self, child: Child) -> None:
        reason = _last_line(self._run.folder.log(child.name))
        if child.last_code == 2:
            raise CommandError(reason, 2)
        if child.failures >= TRIES:
            raise CommandError(f"The {child.name} process does not stay up, `clinch logs {child.name}` has all of it: {reason}")

    def _spawn(self, name: str, listener: socket.socket) -> Process:
        """The API gets the listening socket, so that clients wait while it restarts, and are not refused."""
        listen = listener.fileno() if name == "api" else -1
        arguments = Arguments(self._run, listen, self._say_ready)
        with self._run.folder.log(name).open("ab") as log:
            return subprocess.Popen(
                [*self._commands[name], *arguments.to_list()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[fd for fd in (listen, self._say_ready) if fd >= 0],
                start_new_session=True,
            )

    def _log(self, line: str | None) -> None:
        if line:
            with self._run.folder.log("supervisor").open("a") as log:
                log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}\n")


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"Port {port} is taken: choose another with --port or CLINCH_PORT.") from None
        raise CommandError(f"Port {port} cannot be used ({error.strerror}): choose another with --port or CLINCH_PORT.", 2) from None
    listener.listen(2048)
    return listener


def _answers_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
    return lines[0] if lines else "it said nothing"


def tell(**fact: object) -> None:
    """The person may have gone away already."""
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(fact), flush=True)


def main() -> None:
    run = parse(sys.argv[1:]).run
    supervisor = Supervisor(run, lambda step: tell(step=step))
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: supervisor.stop())
    try:
        supervisor.supervise(lambda: tell(ready=True))
    except (CommandError, PostgresError) as error:
        tell(error=str(error), exit_code=getattr(error, "exit_code", 1))
        sys.exit(1)
    except OSError as error:
        tell(error=f"{error.strerror}: {error.filename or run.folder.path}.", exit_code=1)
        raise


if __name__ == "__main__":
    main()
