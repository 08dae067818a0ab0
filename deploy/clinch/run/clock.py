"""The clock of a data folder: the machine's, and the offset that `clinch clock` keeps in one small file for all processes of the run."""

import json
import logging
import os
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from clinch.errors import CommandError
from clinch.run.folder import DataFolder
from shared.clock import Clock, MovedClock, utcnow

FRESH_SECONDS = 0.25
"""So old may be what a process knows of the file: it is opened four times a second, and not for each request."""
PRODUCTION = "production"


class _Unreadable(ValueError):
    """The file holds no offset."""


def clock_of(folder: DataFolder, env: str = "") -> Clock:
    """The clock that a process on this folder works by. Raises CommandError (2) in production where the folder's clock is moved.

    Such a folder holds records of days that have not come. Passing the offset over would bury that, and using it would be worse.
    """
    moved = offset_of(folder)
    if env != PRODUCTION:
        return MovedClock(_Offset(folder.clock, moved))
    if moved:
        raise CommandError(
            f"{folder.path} has a moved clock ({told(moved)}), and with CLINCH_ENV=production there is none: `clinch clock real` first, "
            "and remember that the folder may hold records of days that have not come.",
            2,
        )
    return utcnow


def offset_of(folder: DataFolder) -> timedelta:
    """How far the folder's clock is moved; zero where nobody has moved it. Raises CommandError."""
    try:
        return _read(folder.clock)
    except _Unreadable:
        raise CommandError(f"{folder.clock} holds no offset: `clinch clock real` writes it anew.", 2) from None


def keep_offset(folder: DataFolder, offset: timedelta) -> None:
    """Whole or not at all, whenever the machine stops. Processes of the run follow within a second."""
    if not offset:
        folder.clock.unlink(missing_ok=True)
        return
    draft = folder.clock.with_suffix(".new")
    with draft.open("w") as file:
        json.dump({"moved_seconds": offset.total_seconds()}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder.clock)


def told(offset: timedelta) -> str:
    """An offset as a person reads it: +1 d 5 h, -30 min."""
    seconds = abs(round(offset.total_seconds()))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {unit}"] if count else []
    return ("-" if offset < timedelta() else "+") + (" ".join(parts) or "0 s")


def clock_words(offset: timedelta) -> str:
    """What status and `clinch clock` say."""
    if not offset:
        return f"The clock is the machine's: it is {utcnow():%Y-%m-%d %H:%M:%S} UTC."
    return f"The clock is moved by {told(offset)}: it is {utcnow() + offset:%Y-%m-%d %H:%M:%S} UTC here."


class _Offset:
    """The offset in the file, remembered for a moment. One that cannot be read changes nothing, and is said once."""

    def __init__(self, file: Path, first: timedelta) -> None:
        self._file, self._offset = file, first
        self._fresh_until = time.monotonic() + FRESH_SECONDS
        self._complained = False

    def __call__(self) -> timedelta:
        now = time.monotonic()
        if now >= self._fresh_until:
            self._fresh_until = now + FRESH_SECONDS
            with suppress(OSError):
                self._look()
        return self._offset

    def _look(self) -> None:
        try:
            self._offset, self._complained = _read(self._file), False
        except _Unreadable:
            if not self._complained:
                logging.getLogger(__name__).error("%s holds no offset; the clock stays moved by %s", self._file, told(self._offset))
            self._complained = True


def _read(file: Path) -> timedelta:
    try:
        return timedelta(seconds=float(json.loads(file.read_text())["moved_seconds"]))
    except FileNotFoundError:
        return timedelta()
    except (ValueError, TypeError, KeyError, OverflowError):
        raise _Unreadable from None
