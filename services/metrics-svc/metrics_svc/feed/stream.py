"""One open event stream: reads at its client's pace, holds no connection while there is nothing, and says why it ends."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fastapi.sse import ServerSentEvent

from metrics_svc.feed.rules import Gone, Wanted, shown
from metrics_svc.feed.tail import Tail
from shared.auth import Actor
from shared.errors import Problem, Unavailable
from shared.process.outage import is_outage

PIECE = 100
"""Events a stream holds at a time; more are read when its client has taken these."""
HEARTBEAT_SECONDS = 10.0
"""Proxies end a stream that is silent for a minute. The heartbeat has the position, so clients that see few events resume near the end."""
CHECK_SECONDS = 5.0
"""How long a stream may outlive its token."""
RETRY_MILLISECONDS = 2000


@dataclass
class Stream:
    """`admit` says who the token belongs to; it is asked every few seconds, so the stream ends with the token or when the person left."""

    tail: Tail
    admit: Callable[[], Awaitable[Actor]]
    actor: Actor
    wanted: Wanted
    position: int

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """What the client is sent, until it goes, the token expires, the process ends, or events that it needs are deleted."""
        yield ServerSentEvent(comment="connected", id=str(self.position), retry=RETRY_MILLISECONDS)
        said = checked = time.monotonic()
        try:
            while not self.tail.stopping.is_set():
                found = await self.tail.read(self.position, self.actor, self.wanted, PIECE)
                for event in found.items:
                    yield ServerSentEvent(id=str(event.position), event=event.type, raw_data=shown(event, self.actor).decode())
                self.position = found.next_after
                now = time.monotonic()
                if now - checked >= CHECK_SECONDS:
                    await self._check()
                    checked = now
                if found.items:
                    said = now
                elif self.position >= found.latest:
                    await self.tail.wait(self.position, CHECK_SECONDS)
                if time.monotonic() - said >= HEARTBEAT_SECONDS:
                    yield ServerSentEvent(comment="nothing new", id=str(self.position))
                    said = time.monotonic()
        except Problem as problem:
            yield _last("gap" if isinstance(problem, Gone) else "end", problem.code, problem.detail, problem.extra)
        except Exception as error:
            if not is_outage(error):
                raise
            yield _last("end", Unavailable.code, "The database is busy or restarting; connect again.")
        else:
            yield _last("end", "restarting", "This process ends; connect again.")

    async def _check(self) -> None:
        """`Unauthorized` once the token has expired, `Forbidden` once the person left. An issuer that does not answer ends no stream."""
        with suppress(Unavailable):
            self.actor = await self.admit()


def _last(event: str, code: str, detail: str, extra: dict[str, Any] | None = None) -> ServerSentEvent:
    """The last message. It has no id, so the client resumes from the last event."""
    return ServerSentEvent(event=event, raw_data=json.dumps({"code": code, "detail": detail, **(extra or {})}))
