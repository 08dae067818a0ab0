"""An embedded run for tests: its own folder and port, real Postgres, stand-ins for the API and the worker."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from clinch.run.folder import DataFolder
from clinch.run.settings import Embedded
from clinch.run.supervisor import Supervisor
from tests.ports import free_port

PATIENCE = 120.0
"""Seconds that a test waits for what must happen: machines are slow, and busy with other tests."""
FAKE = Path(__file__).with_name("fake_child.py")
COMMANDS: Mapping[str, Sequence[str]] = {n: (sys.executable, str(FAKE), n) for n in ("schema", "api", "worker", "broken", "bad-settings")}


@contextmanager
def supervised(path: Path, port: int | None = None, *, steps: list[str] | None = None, **instead: str) -> Iterator[Embedded]:
    """A supervisor in a thread until the block ends, once all is ready. `instead` names other stand-ins: worker="broken".

    Raises what it could not start for.
    """
    folder = DataFolder(path)
    folder.claim()
    run = Embedded(folder, port or free_port())
    commands = {**COMMANDS, **{name: COMMANDS[fake] for name, fake in instead.items()}}
    supervisor = Supervisor(run, (steps if steps is not None else []).append, commands=commands)
    ready, failures = threading.Event(), list[BaseException]()

    def supervise() -> None:
        try:
            supervisor.supervise(ready.set)
        except BaseException as error:
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=supervise)
    thread.start()
    try:
        assert ready.wait(PATIENCE), f"not ready within {PATIENCE:.0f} s"
        if failures:
            raise failures[0]
        yield run
    finally:
        supervisor.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def ask(run: Embedded, sql: str) -> Any:
    async def once() -> Any:
        connection = await asyncpg.connect(run.postgres().url("postgres"))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as aside:  # this thread has the tests' own loop
        return aside.submit(asyncio.run, once()).result()


def eventually(check: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true value of `check`, which may fail with OSError or a Postgres error until then."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := check():
                return found
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def main() -> None:
    """A supervisor that a test can kill: `python embedded.py DATA`, which prints a line when all is ready."""
    with supervised(Path(sys.argv[1])):
        print("ready", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
