"""The columns of a delivery that say which event of the feed it brings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


@dataclass(frozen=True)
class Followed:
    """An event of the feed."""

    position: Annotated[int, Stored(big=True)]
    event_id: UUID
    type: str
    subject: UUID
    sequence: Annotated[int, Stored(big=True, comment="the version of the subject")]
    event_time: datetime

    @property
    def message_id(self) -> UUID:
        return self.event_id
