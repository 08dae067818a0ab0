"""The message that a receiver gets: thin, what happened to what, and where the whole event stands in the feed."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from shared.stored import Stored

PING = "clinch.webhook.ping"
"""The type of a test delivery. It is not an event: no pattern matches it, and the registry does not have it."""


@dataclass(frozen=True)
class Message:
    """An event of the feed. Its bytes are the same at every attempt."""

    position: Annotated[int, Stored(big=True)]
    event_id: UUID
    type: str
    subject: UUID
    sequence: Annotated[int, Stored(big=True, comment="the version of the subject")]
    event_time: datetime

    @property
    def message_id(self) -> UUID:
        return self.event_id

    @property
    def body(self) -> bytes:
        return _json(self.type, self.event_time, {"id": str(self.subject), "version": self.sequence, "position": self.position})


def ping(webhook_id: UUID, at: datetime) -> bytes:
    return _json(PING, at, {"id": str(webhook_id)})


def _json(type_: str, at: datetime, data: dict[str, object]) -> bytes:
    stamp = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": type_, "timestamp": stamp, "data": data}, separators=(",", ":")).encode()
