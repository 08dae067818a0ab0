"""The work list: tasks and first responses that are open, each with its lead, of the leads that the reader sees."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Uuid, bindparam, case, null, select, union_all

from lead_svc.cadence.policy import CadencePolicy, Rhythm
from lead_svc.interactions.rules import LOG
from lead_svc.leads.record import Grade
from lead_svc.leads.rules import REACTIVATE
from lead_svc.leads.tables import LEAD
from lead_svc.policy import LeadPolicy
from lead_svc.worklist.fields import LeadWork
from shared.access import kinds
from shared.db.query import Query
from shared.db.tables import DEADLINE, TASK
from shared.deadlines.record import DeadlineState
from shared.http.listing import Listing
from shared.tasks.record import TaskState

DONE_BY = {LeadWork.FOLLOW_UP: LOG, LeadWork.FIRST_RESPONSE: LOG, LeadWork.WAKE_UP: REACTIVATE, LeadWork.TO_DO: LOG}
"""The act that does it."""


class Hint(BaseModel):
    """The playbook for the lead's grade, in English and Chinese."""

    en: str
    zh: str

    @classmethod
    def of(cls, rhythm: Rhythm) -> "Hint":
        return cls(en=rhythm.hint, zh=rhythm.hint_zh)


class LeadTask(BaseModel):
    """Something to do about a lead, as its row has it."""

    id: UUID
    kind: LeadWork
    lead_id: UUID
    assignee_id: UUID | None = Field(description="The lead's owner.")
    team_id: UUID | None
    title: str | None = Field(description="The lead's, like `company` and `grade`.")
    company: str | None
    grade: Grade
    text: str | None = Field(description="What the rule says is to be done; null for all others.")
    due_at: datetime
    overdue: bool = Field(description="It should have been done by now.")
    escalated: bool = Field(description="It is overdue for so long that those above the owner were told.")
    no_response_count: int = Field(description="Attempts in a row that got no answer.")


class LeadTaskOut(LeadTask):
    operation_id: str = Field(description="The operation that does it, as the OpenAPI document names it.")
    attempt: int = Field(description="Which attempt in a row the next one is that gets no answer.")
    attempts: int = Field(description="So many in a row without an answer disqualify the lead.")
    hint: Hint | None = Field(description="What to talk about; null for a wake-up.")

    @classmethod
    def of(cls, task: LeadTask, leads: LeadPolicy, cadence: CadencePolicy) -> "LeadTaskOut":
        touches = task.kind is not LeadWork.WAKE_UP
        operation = DONE_BY[task.kind].operation
        assert operation is not None
        return cls(
            **task.model_dump(),
            operation_id=operation,
            attempt=task.no_response_count + 1,
            attempts=leads.no_responses,
            hint=Hint.of(cadence.grades.of(task.grade)) if touches else None,
        )


_OF_LEAD = (LEAD.c.id.label("lead_id"), LEAD.c.owner_id.label("assignee_id"), LEAD.c.team_id, LEAD.c.title, LEAD.c.company, LEAD.c.grade)
_TASKS = (
    select(
        TASK.c.id,
        TASK.c.kind,
        *_OF_LEAD,
        case((TASK.c.kind == LeadWork.TO_DO.value, TASK.c.why)).label("text"),
        TASK.c.due_at,
        TASK.c.overdue_at.is_not(None).label("overdue"),
        TASK.c.escalated_at.is_not(None).label("escalated"),
        LEAD.c.no_response_count,
    )
    .join(LEAD, LEAD.c.id == TASK.c.record_id)
    .where(TASK.c.state == TaskState.OPEN.value)
)
_RESPONSES = (
    select(
        DEADLINE.c.id,
        DEADLINE.c.name.label("kind"),
        *_OF_LEAD,
        null().label("text"),
        DEADLINE.c.due_at,
        DEADLINE.c.missed_at.is_not(None).label("overdue"),
        DEADLINE.c.missed_at.is_not(None).label("escalated"),
        LEAD.c.no_response_count,
    )
    .join(LEAD, LEAD.c.id == DEADLINE.c.record_id)
    .where(DEADLINE.c.state == DeadlineState.RUNNING.value)
)
WORK = union_all(_TASKS, _RESPONSES).subquery("work")

LIST = Listing(
    WORK,
    LeadTask,
    filters={
        "assignee": WORK.c.assignee_id,
        "due": WORK.c.due_at,
        "kind": WORK.c.kind,
        "grade": WORK.c.grade,
        "overdue": WORK.c.overdue,
        "escalated": WORK.c.escalated,
        "lead_id": WORK.c.lead_id,
        "team_id": WORK.c.team_id,
    },
    sorts=("due_at",),
    default="due_at",
    kind=kinds.LEADS,
    people=("assignee",),
)

OF_LEAD = Query(select(WORK).where(WORK.c.lead_id == bindparam("lead_id", type_=Uuid)).order_by(WORK.c.due_at, WORK.c.id), LeadTask)
