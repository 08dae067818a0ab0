"""A signal as its row holds it, and the visitors that signals name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class Signal:
    """`source` to `content` say what brought the lead to us. With one of source, campaign and medium the signal is a touch."""

    id: Annotated[UUID, Stored(comment="made from the id that its sender gives it")]
    lead_id: Annotated[UUID | None, Stored(refers="lead.id", comment="empty while nobody knows whose it is")]
    visitor: Annotated[str | None, Stored(comment="personal: under which name it waits; empty when its lead is known")]
    kind: str
    at: datetime
    value: Annotated[int | None, Stored(comment="how much: seconds, pages")]
    source: str | None
    campaign: str | None
    medium: str | None
    term: str | None
    content: str | None
    by: Annotated[UUID, Stored(comment="who sent it")]
    recorded_at: datetime
    version: int

    @property
    def is_touch(self) -> bool:
        return bool(self.source or self.campaign or self.medium)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody whose name the sender of a signal does not know, or who is no lead yet."""

    id: Annotated[str, Stored(comment="personal: the visitor's id, or an address of somebody who is no lead yet")]
    lead_id: Annotated[UUID | None, Stored(refers="lead.id", comment="who it turned out to be")]
    seen_at: Annotated[datetime, Stored(comment="the last signal, by when it was recorded")]


SUBJECT = Subject[Signal, None](
    name="signal",
    label="signal",
    owner=lambda *_: None,
    not_owner=Unmet("role", "Only marketing, and systems that may, record signals."),
)
