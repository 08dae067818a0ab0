"""An approval and its steps as their tables have them, and what a step is planned as. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Decision(StrEnum):
    """What somebody says of a step."""

    APPROVED = "approved"
    REJECTED = "rejected"


class ApprovalState(StrEnum):
    """`open` until all steps are approved, one is rejected, or it is withdrawn."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class StepState(StrEnum):
    """A step waits for those before it. It is dropped when the approval ends without it."""

    WAITING = "waiting"
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Approval:
    """Of one record in one content. `hours`: the working hours that a step has, as the policy said; None for no end.

    The `version` counts the events of the approval. The record has its own.
    """

    id: UUID
    version: int
    kind: str
    record_id: UUID
    content_hash: str
    state: ApprovalState
    requested_by: UUID
    requested_at: datetime
    ended_at: datetime | None = None
    hours: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A part of an approval: those with one of the `roles`, those named in `people`, and a delegate may decide it.

    Steps of one `position` are parallel; those of the next one wait for them.
    """

    id: UUID
    approval_id: UUID
    position: int
    name: str
    roles: list[str]
    people: list[str]
    state: StepState
    opened_at: datetime | None = None
    due_at: datetime | None = None
    escalated_at: datetime | None = None
    delegate_id: UUID | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None

    @property
    def overdue(self) -> bool:
        return self.state is StepState.OPEN and self.escalated_at is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """A step that is asked for: who may decide it, and after which others."""

    name: str
    roles: Sequence[str] = ()
    people: Sequence[UUID] = ()
    position: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """An approval with its steps, in their order."""

    approval: Approval
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    @property
    def approved(self) -> list[Step]:
        return [step for step in self.steps if step.state is StepState.APPROVED]

    @property
    def overdue(self) -> bool:
        return any(step.overdue for step in self.steps)
