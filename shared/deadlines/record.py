"""A deadline of one record, as its row has it, and how it is declared."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from shared.db.outbox import Told
from shared.db.query import Aggregate
from shared.db.tables import DEADLINE
from shared.db.tx import Tx
from shared.events.envelope import Event


class DeadlineState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Running:
    """A deadline of one record. It is overdue from `missed_at` on, its due time, also when it is met after that."""

    id: UUID
    version: int
    name: str
    record_id: UUID
    state: DeadlineState
    working: bool
    started_at: datetime
    due_at: datetime
    warn_at: datetime | None = None
    warned_at: datetime | None = None
    missed_at: datetime | None = None
    met_at: datetime | None = None
    paused_at: datetime | None = None
    left_seconds: float | None = None


DEADLINES = Aggregate(DEADLINE, Running, "deadline")


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """What the deadlines of one kind of record have in common: how they tell. `tells` makes an event about the record."""

    of: Aggregate[Any]
    tells: Callable[..., Event]
    started: type[Event]
    warned: type[Event]
    missed: type[Event]
    met: type[Event]
    stopped: type[Event]
    paused: type[Event] | None = None


class Begin(NamedTuple):
    """From when to when a deadline of a record runs. `warn_at`: when to warn, where the deadline's own `warns` does not know."""

    record_id: UUID
    started_at: datetime
    due_at: datetime
    warn_at: datetime | None = None


async def _nothing(_tx: Tx, _record: Any, _deadline: Running) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """One deadline.

    - `starts`: by event, when it is due then; None where that event starts none. An event that comes again starts it anew.
    - `meets`, `stops`, `pauses`, `resumes`: the events that do so, at the time when they happened. `counts`: whether one of `meets`
      really meets it.
    - `warns`: when to warn, for when it starts and is due; None for never.
    - `working`: it counts working time, so a pause gives back the working time that was left.
    - `record`: the id of the record that an event is about; its subject unless said otherwise.
    - `asked`: whether an event wants it to run though it happened long ago.
    - `missed`: an event of its own for that, in place of the common one.
    - `more`: what the events of a miss, and of being met, say besides.
    """

    name: str
    clocks: Clocks
    starts: Mapping[type[Event], Callable[[Tx, Told], datetime | None]]
    meets: Sequence[type[Event]]
    stops: Sequence[type[Event]] = ()
    pauses: Sequence[type[Event]] = ()
    resumes: Sequence[type[Event]] = ()
    counts: Callable[[Tx, Told, Running], bool] = lambda tx, told, running: True
    warns: Callable[[Tx, datetime, datetime], datetime | None] = lambda tx, started_at, due_at: None
    working: bool = False
    record: Callable[[Told], UUID] = lambda told: told.subject
    asked: Callable[[Event], bool] = lambda event: False
    missed: type[Event] | None = None
    more: Callable[[Tx, Any, Running], Awaitable[Mapping[str, Any]]] = _nothing
