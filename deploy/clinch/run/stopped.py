"""The databases of a stopped embedded run, for a command that needs them and nothing else running."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from clinch.errors import CommandError
from clinch.run.processes import record, stop_leftovers
from clinch.run.settings import Embedded


@contextmanager
def databases_alone(run: Embedded) -> Iterator[None]:
    """Postgres of the run until the block ends; meanwhile the folder is held, so that `clinch up` waits for its turn.

    Raises CommandError when somebody holds it. `clinch down` ends the block as Ctrl-C does.
    """
    folder = run.folder
    with folder.hold(run.port):
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit("clinch: Stopped by `clinch down`."))
        stop_leftovers(folder)
        postgres = run.postgres()
        server = postgres.start()
        try:
            record(folder, {"postgres": server.pid})
            postgres.wait_ready(server)
            yield
        finally:
            postgres.stop(server)
            record(folder, {})
            signal.signal(signal.SIGTERM, before)


def refuse_running(run: Embedded) -> None:
    """Raises CommandError when the system runs, or when there is none in the folder."""
    if not run.folder.exists():
        raise CommandError(f"There is no data folder {run.folder.path}: name it with --data or CLINCH_DATA.", 2)
    if run.folder.run() is not None:
        raise CommandError("Clinch is running: stop it with `clinch down`, then repeat.")
