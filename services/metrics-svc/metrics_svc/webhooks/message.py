"""The message that a receiver gets: thin, what happened to what, and where the whole event stands in the feed."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from metrics_svc.following.record import Followed

PING = "clinch.webhook.ping"
"""The type of a test delivery. It is not an event: no pattern matches it, and the registry does not have it."""


@dataclass(frozen=True)
class Message(Followed):
    """Its bytes are the same at every attempt."""

    @property
    def body(self) -> bytes:
        return _json(self.type, self.event_time, {"id": str(self.subject), "version": self.sequence, "position": self.position})


def ping(webhook_id: UUID, at: datetime) -> bytes:
    return _json(PING, at, {"id": str(webhook_id)})


def _json(type_: str, at: datetime, data: dict[str, object]) -> bytes:
    stamp = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": type_, "timestamp": stamp, "data": data}, separators=(",", ":")).encode()
