"""Where a backup is while it is not whole: a folder on the target's disk, whose lock tells whether somebody still works on it."""

import fcntl
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from clinch.errors import CommandError

_LOCK = "clinch-backup.lock"


@dataclass(frozen=True)
class Draft:
    """`lock` is a file descriptor to be passed on to processes that write into the folder, so that it is held as long as they live."""

    folder: Path
    lock: int


@contextmanager
def draft_beside(target: Path) -> Iterator[Draft]:
    """It goes away however the block ends, save by kill -9: then the next backup beside it removes it."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit("clinch: The backup was stopped; nothing of it is left."))
    try:
        with (
            tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent, ignore_cleanup_errors=True) as name,
            _locked(Path(name)) as lock,
        ):
            yield Draft(Path(name), lock)
    except OSError as error:
        raise CommandError(f"The backup could not be written ({error.strerror or error}); nothing of it is left.") from None
    finally:
        signal.signal(signal.SIGTERM, before)


def remove_leftovers(beside: Path) -> list[Path]:
    """Remove the drafts in this folder that nobody works on any more; those there were. Any other hidden folder stays."""
    removed = []
    for lock in sorted(beside.glob(f".*/{_LOCK}")):
        with suppress(OSError), lock.open() as file:  # another one's, or just being removed
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent)
            removed.append(lock.parent)
    return removed


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """The file has its name only once it is held: before, it would look like a leftover."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.rename(folder / "lock", folder / _LOCK)
        yield file.fileno()
