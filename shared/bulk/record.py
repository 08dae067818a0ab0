"""An act with many records as its rows hold it: the job, its states, and what became of each record. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.acts import Act, Subject, Who
from shared.auth.actor import LEADERS, Actor, Role
from shared.errors import Unmet


class BulkState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    """Whoever asked has left or has another role, or something failed on our side: `error` says which. What is done stays done."""


class BulkOutcome(StrEnum):
    WAITING = "waiting"
    """Its turn has not come; in a job that was cancelled or stopped it never does."""
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class BulkJob:
    id: UUID
    record: str
    act: str
    state: BulkState
    given: dict[str, Any]
    filter: dict[str, str] | None
    total: int
    done: int
    refused: int
    after: UUID | None
    error: str | None
    asked_by: UUID
    roles: list[str]
    roster_role: str | None
    correlation_id: str
    created_at: datetime
    moved_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def actor(self) -> Actor:
        return Actor.of(self.asked_by, [Role(role) for role in self.roles])


@dataclass(frozen=True, slots=True)
class Target:
    """A record that the act is to be done with. `version`: the one that it must still have, if somebody said so."""

    id: UUID
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record; a refusal has the code and the words that the act's own route answers with."""

    id: UUID
    outcome: BulkOutcome
    code: str | None = None
    message: str | None = None
    unmet: Sequence[dict[str, str]] = ()


def _wrong_state(job: BulkJob, states: Sequence[str]) -> Unmet:
    return Unmet("wrong_state", f"The job is {job.state}; this can be done while it is {' or '.join(states)}.")


BULK_JOB: Subject[BulkJob, None] = Subject(
    name="bulk_job",
    label="job",
    states=BulkState,
    state=lambda job: job.state,
    owner=lambda job, _: job.asked_by,
    not_owner=Unmet("not_owner", "Only whoever asked for the job, or those above them, may do this."),
    wrong_state=_wrong_state,
)


def cancel_act(record: str, acts: Sequence[Act[Any, Any]]) -> Act[BulkJob, None]:
    """To end a job of these acts: by whoever asked for it, and by those who lead."""
    return Act(
        of=BULK_JOB,
        name="cancel",
        operation=f"cancel_{record}_bulk_job",
        who=Who(every=frozenset({*LEADERS, Role.sales_ops}), own=frozenset(role for act in acts for role in act.who.roles)),
        states=(BulkState.QUEUED, BulkState.RUNNING),
        to=(BulkState.CANCELLED,),
        refused="The job cannot be cancelled now.",
        code="cannot_cancel",
        says="Ends an act with many records after the current batch; what is done by then stays done.",
    )


def no_longer(job: BulkJob, role: str | None, *, active: bool) -> str | None:
    """Why nothing more is done for whoever asked, by what the roster says of them now; None where all is as it was."""
    if not active:
        return "Whoever asked for it is not active in Clinch any more."
    if job.roster_role is not None and role != job.roster_role:
        return "Whoever asked for it has another role now: ask again."
    return None


def ended(job: BulkJob, state: BulkState, now: datetime, error: str | None = None) -> BulkJob:
    """The job, ended before its last record had its turn."""
    return replace(job, state=state, error=error, moved_at=now, finished_at=now)
