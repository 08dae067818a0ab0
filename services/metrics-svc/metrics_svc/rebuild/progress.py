"""How far a rebuild is, told in the name of its database session.

Whoever asks Postgres who is at work sees it, also in the middle of a transaction, and it goes with the session: a rebuild that is killed
leaves nothing behind.
"""

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from shared.db.tx import Tx

log = structlog.get_logger()

SESSION = "clinch rebuild"
"""The name of the session begins with it. Postgres cuts names off after 63 bytes."""
_TELL = "SELECT set_config('application_name', $1, false)"
_LOG_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of so many `what`: events of the log, or records. `seconds_left` is an estimate; None before there is anything to go by."""

    lane: str
    what: str
    done: int
    of: int
    seconds_left: int | None = None

    @property
    def session(self) -> str:
        """The session's name that tells it."""
        return f"{SESSION} {self.lane} {self.what} {self.done} {self.of} {'-' if self.seconds_left is None else self.seconds_left}"


def read(session: str) -> Progress | None:
    """What the name of a session tells; None for one of another kind."""
    if not session.startswith(f"{SESSION} "):
        return None
    lane, what, done, of, left = session.removeprefix(f"{SESSION} ").split()
    return Progress(lane, what, int(done), int(of), None if left == "-" else int(left))


class Telling:
    """Tells the progress of one lane's rebuild, in the session and now and then in the log."""

    def __init__(self, tx: "Tx", lane: str, what: str = "events") -> None:
        self._tx, self._lane, self._what = tx, lane, what
        self._began = monotonic()
        self._logged = self._began - 2 * _LOG_SECONDS

    async def come_to(self, done: int, of: int) -> None:
        now = monotonic()
        left = round((now - self._began) * (of - done) / done) if done else None
        await self._tx.execute(_TELL, Progress(self._lane, self._what, done, of, left).session)
        if now - self._logged > _LOG_SECONDS:
            self._logged = now
            log.info("figures_being_built", **self._named, done=done, of=of, seconds_left=left)

    def end(self, done: int) -> None:
        log.info("figures_built", **self._named, done=done, seconds=round(monotonic() - self._began, 1))

    @property
    def _named(self) -> dict[str, str]:
        return {"service": "metrics-svc", "lane": self._lane, "what": self._what}
