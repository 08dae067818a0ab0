"""An import as a record: its states, and what people do with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.acts import Act, Subject, Who
from shared.auth import Actor, Role
from shared.errors import Unmet


class ImportState(StrEnum):
    UPLOADING = "uploading"
    CHECKING = "checking"
    """Only looked at: a dry run, which leaves no job."""
    QUEUED = "queued"
    READING = "reading"
    """The first pass over the file."""
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    """The file cannot be read, or in more than one way. Nothing of it is imported; `resume` continues with other options."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    id: UUID
    things: str
    state: ImportState
    options: dict[str, Any]
    columns: list[str]
    bytes_total: int
    bytes_done: int
    line: int
    created: int
    updated: int
    unchanged: int
    refused: int
    flagged: int
    error: str | None
    actor_id: UUID
    actor_roles: list[str]
    correlation_id: str
    idempotency_key: str | None
    created_at: datetime
    finished_at: datetime | None
    found: dict[str, Any] | None = None
    """What the first pass found: `form` for the reader, `why` for people, or `refusal`."""
    flags: dict[str, int] = field(default_factory=dict)
    """How many rows have each flag."""
    digest: str | None = None
    """Of the options and the file: what an Idempotency-Key stands for."""

    @property
    def findings(self) -> list[dict[str, str]]:
        return list((self.found or {}).get("why", []))

    @property
    def refusal(self) -> dict[str, Any] | None:
        return (self.found or {}).get("refusal")

    @property
    def form(self) -> dict[str, Any] | None:
        return (self.found or {}).get("form")

    @property
    def actor(self) -> Actor:
        return Actor.of(self.actor_id, [Role(r) for r in self.actor_roles])

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.refused


def _wrong_state(job: Job, states: Sequence[str]) -> Unmet:
    return Unmet("wrong_state", f"The import is {job.state}; this can be done while it is {' or '.join(states)}.")


IMPORT: Subject[Job, None] = Subject(
    name="import",
    label="import",
    states=ImportState,
    state=lambda job: job.state,
    owner=lambda job, _: job.actor_id,
    not_owner=Unmet("not_owner", "This import is somebody else's."),
    wrong_state=_wrong_state,
)
_RUNS = (ImportState.QUEUED, ImportState.READING, ImportState.RUNNING)
_RESUMABLE = (ImportState.CANCELLED, ImportState.REFUSED, ImportState.FAILED)


@dataclass(frozen=True, slots=True)
class Acts:
    """What people do with the imports of one kind of record. `correct`: replace a history that is known."""

    start: Act[Job, None]
    read: Act[Job, None]
    cancel: Act[Job, None]
    resume: Act[Job, None]
    correct: Act[Job, None]

    @classmethod
    def of(cls, things: str, who: Who, correcting: Who) -> "Acts":
        """The acts of these imports; anyone of `who` may do all of them with all imports."""

        def act(name: str, operation: str, says: str, **more: Any) -> Act[Job, None]:
            return Act(of=IMPORT, name=name, operation=operation, says=says, code="wrong_state", **{"who": who, **more})

        start, resume = f"import_{things}", f"resume_{things}_import"
        return cls(
            start=act("import", start, f"Imports {things} from a file.", makes=True, to=(ImportState.QUEUED,)),
            read=act("read", f"list_{things}_imports", "Shows how far imports are."),
            cancel=act("cancel", f"cancel_{things}_import", "Stops after the current batch.", states=_RUNS, to=(ImportState.CANCELLED,)),
            resume=act("resume", resume, "Continues where the import stopped.", states=_RESUMABLE, to=(ImportState.QUEUED,)),
            correct=act("correct", start, "Replaces the known history of records.", who=correcting, makes=True, to=(ImportState.QUEUED,)),
        )

    def __iter__(self) -> Iterator[Act[Job, None]]:
        return iter((self.start, self.read, self.cancel, self.resume, self.correct))
