"""A task as its row has it, and how its kind is declared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.acts import Act
from shared.db.query import Aggregate
from shared.db.tables import TASK
from shared.events.envelope import Event


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Task:
    """`reminded_at` is its due time, once that has come. `why` is in somebody's own words."""

    id: UUID
    version: int
    kind: str
    record_id: UUID
    state: TaskState
    due_at: datetime
    created_at: datetime
    why: str | None = None
    reminded_at: datetime | None = None
    closed_at: datetime | None = None


TASKS = Aggregate(TASK, Task, "task")


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """What the tasks about one kind of record have in common: how they tell. `record` is the field of the events with its id."""

    of: Aggregate[Any]
    record: str
    set: type[Event]
    due: type[Event]
    done: type[Event]
    dropped: type[Event]


@dataclass(frozen=True, kw_only=True)
class TaskKind:
    """One kind of task. The acts in `done_by` do it; after the events in `over_when` nobody has to do it any more."""

    name: str
    about: Tasks
    done_by: Sequence[Act[Any, Any]] = ()
    over_when: Sequence[type[Event]] = ()
