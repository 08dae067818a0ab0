"""A task as its row has it, and how its kind is declared."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from shared.acts import Act
from shared.db.query import Aggregate
from shared.db.tables import TASK
from shared.db.tx import Tx
from shared.events.envelope import Event


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Task:
    """`reminded_at` is its due time, once that has come; `overdue_at` and `escalated_at` likewise. `why` is in somebody's own words."""

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
    overdue_at: datetime | None = None
    escalated_at: datetime | None = None


TASKS = Aggregate(TASK, Task, "task")


class ToDo(NamedTuple):
    """What is to be done about one record, by when. `at`: when that was said. `fresh`: what was to be done before is done."""

    record_id: UUID
    due_at: datetime
    why: str | None
    at: datetime
    fresh: bool = False


class Late(NamedTuple):
    """When a task that is still open counts as overdue, and when those above its owner are told. None for never."""

    overdue_at: datetime | None = None
    escalated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """What the tasks about one kind of record have in common: how they tell. `record` is the field of the events with its id."""

    of: Aggregate[Any]
    record: str
    set: type[Event]
    due: type[Event]
    done: type[Event]
    dropped: type[Event]
    overdue: type[Event] | None = None
    escalated: type[Event] | None = None


async def _nothing(_tx: Tx, _record: Any) -> Mapping[str, Any]:
    return {}


async def _never(_tx: Tx, _record: Any, _due_at: datetime) -> Late:
    return Late()


@dataclass(frozen=True, kw_only=True)
class TaskKind:
    """One kind of task. The acts in `done_by` do it; after the events in `over_when` nobody has to do it any more.

    Unless `lasts` says of the record, as the event leaves it, that somebody still has to. `late` says of a record what comes after the due
    time of its task, and `more` what the event of the escalation says besides.
    """

    name: str
    about: Tasks
    done_by: Sequence[Act[Any, Any]] = ()
    over_when: Sequence[type[Event]] = ()
    lasts: Callable[[Any], bool] = lambda record: False
    late: Callable[[Tx, Any, datetime], Awaitable[Late]] = _never
    more: Callable[[Tx, Any], Awaitable[Mapping[str, Any]]] = _nothing
