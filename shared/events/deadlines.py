"""What a deadline tells. A service names the events by its record, such as `contract.deadline_met`.

Their subject is the deadline, which has a version of its own; `part_of` names the record. Each has the time that it is about, whenever
somebody noticed.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel


class DeadlineData(BaseModel):
    """`deadline` says which one it is. It is missed when `due_at` has come."""

    deadline: str
    due_at: datetime


class DeadlineStarted(DeadlineData):
    """It runs until `due_at` now. `why`: it began, it goes on after a pause, or another policy gives it another end."""

    why: Literal["started", "resumed", "moved"] = "started"
    started_at: datetime
    warn_at: datetime | None = None


class DeadlineWarned(DeadlineData):
    """It ends soon."""


class DeadlineMissed(DeadlineData):
    """It is over, and nobody has told that it was met."""


class DeadlineMet(DeadlineData):
    """It was met at `met_at`. `taken_back`: that was in time after all, though it had been told as missed."""

    met_at: datetime
    in_time: bool
    taken_back: bool = False


class DeadlinePaused(DeadlineData):
    """It waits; `due_at` is when it would have ended."""


class DeadlineStopped(DeadlineData):
    """Nobody waits for it any more."""
