"""Whether Postgres still takes connections. A process can be there and do nothing: stopped, or waiting for a disk for ever.

Standard library only, as all of the supervisor.
"""

import socket
import struct
from pathlib import Path
from time import monotonic

EVERY = 5.0  # seconds between questions
STEP = 1.0  # the most that counts between two looks: while we were stopped ourselves, it may have been too
# Asks whether it speaks TLS: answered before anything else, by a server that recovers or is full too.
_QUESTION = struct.pack(">ii", 8, 80877103)


class Pulse:
    """Of the server that listens on the Unix socket `path`. Never waits for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked: socket.socket | None = None
        self._ask_at = 0.0
        self._looked = monotonic()
        self._silence = 0.0

    def silence(self) -> float:
        """Seconds that it has owed an answer; 0 when it owes none. To be called often."""
        now = monotonic()
        passed, self._looked = min(now - self._looked, STEP), now
        if now < self._ask_at:
            return 0.0
        if self._asked is None:
            self._asked = _ask(self._path)
        if self._asked is not None and _answered(self._asked):
            self.forget()
            self._ask_at = now + EVERY
        else:
            self._silence += passed
        return self._silence

    def forget(self) -> None:
        """Begin afresh, as with a new server."""
        if self._asked is not None:
            self._asked.close()
        self._asked, self._silence = None, 0.0


def _ask(path: Path) -> socket.socket | None:
    """The connection to hear the answer on; None where nobody takes one."""
    asked = socket.socket(socket.AF_UNIX)
    asked.setblocking(False)
    try:
        asked.connect(str(path))
        asked.send(_QUESTION)
    except OSError:
        asked.close()
        return None
    return asked


def _answered(asked: socket.socket) -> bool:
    try:
        asked.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        pass  # who hangs up is there too
    return True
