"""Who acts in a transaction, and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.auth import Actor


@dataclass(frozen=True, slots=True)
class Context:
    """Who acts, when and why: stamped on every event of the transaction."""

    service: str
    actor: Actor
    now: datetime
    correlation_id: str
    causation_id: UUID | None = None
    traceparent: str | None = None
    moved: timedelta = timedelta()
    """How far `now`, the business's time, is ahead of the machine's."""
