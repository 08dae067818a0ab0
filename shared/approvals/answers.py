"""An approval as the answer about its record shows it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from shared.approvals.record import ApprovalState, Request, Step, StepState


class ApprovalStepOut(BaseModel):
    """A step. `due_at` is when it is escalated, `overdue` whether that has happened and it is still open.

    `delegate_id` is who is asked in place of those whose role it is.
    """

    name: str
    position: int
    state: StepState
    opened_at: datetime | None
    due_at: datetime | None
    overdue: bool
    delegate_id: UUID | None
    decided_by: UUID | None
    decided_at: datetime | None

    @classmethod
    def of(cls, step: Step) -> "ApprovalStepOut":
        return cls(**{name: getattr(step, name) for name in cls.model_fields})


class ApprovalOut(BaseModel):
    """What was asked for last, and how far it is. Steps of one `position` are parallel, the next position waits for them."""

    id: UUID
    state: ApprovalState
    content_hash: str
    requested_by: UUID
    requested_at: datetime
    ended_at: datetime | None
    steps: list[ApprovalStepOut]

    @classmethod
    def of(cls, request: Request) -> "ApprovalOut":
        approval = request.approval
        values = {name: getattr(approval, name) for name in cls.model_fields if name != "steps"}
        return cls(**values, steps=[ApprovalStepOut.of(step) for step in request.steps])
