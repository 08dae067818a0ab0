"""A new scoring model on its way through all leads."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


class RescoringState(StrEnum):
    """How far a new scoring model is with the leads."""

    RUNNING = "running"
    DONE = "done"
    SUPERSEDED = "superseded"
    """A newer model came before it was done."""


@dataclass(frozen=True, slots=True)
class Rescoring:
    """The leads scored by one version of the model: `total` when it began, `done` so far, `mqls` that they became by it."""

    id: UUID
    policy_version: Annotated[int, Stored(unique=True)]
    state: RescoringState
    total: int
    done: int
    mqls: int
    after: Annotated[UUID | None, Stored(comment="the last lead that was looked at")]
    started_at: datetime
    finished_at: datetime | None
