"""Deadlines as answers show them, and as lists find their records."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import ColumnElement, select

from shared.db.tables import DEADLINE
from shared.deadlines.record import DeadlineState, Running
from shared.known import DeadlineName


class DeadlineOut(BaseModel):
    """A deadline: `overdue` once it is over, also when it was met later; `due_soon` from the warning until it is met or over."""

    name: DeadlineName
    state: DeadlineState
    started_at: datetime
    due_at: datetime
    due_soon: bool
    overdue: bool
    met_at: datetime | None

    @classmethod
    def of(cls, deadline: Running) -> "DeadlineOut":
        soon = deadline.state is DeadlineState.RUNNING and deadline.warned_at is not None and deadline.missed_at is None
        shown = {name: getattr(deadline, name) for name in ("name", "state", "started_at", "due_at", "met_at")}
        return cls(**shown, due_soon=soon, overdue=deadline.missed_at is not None)


_OVERDUE = DEADLINE.c.missed_at.is_not(None)
_OPEN = DEADLINE.c.state == DeadlineState.RUNNING.value
_SOON = _OPEN & DEADLINE.c.warned_at.is_not(None) & DEADLINE.c.missed_at.is_(None)


def overdue(record_id: ColumnElement[object], name: str) -> ColumnElement[bool]:
    """A filter: records whose deadline of this name was missed, also when it was met later."""
    return _exists(record_id, _OVERDUE & (DEADLINE.c.name == name))


def filters(record_id: ColumnElement[object]) -> Mapping[str, ColumnElement[bool]]:
    """Filters of a list: records with a deadline that is over and still open, and with one that ends soon."""
    return {"deadline_overdue": _exists(record_id, _OVERDUE & _OPEN), "deadline_due_soon": _exists(record_id, _SOON)}


def _exists(record_id: ColumnElement[object], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(DEADLINE.c.record_id).where(DEADLINE.c.record_id == record_id, condition).correlate(record_id.table).exists()
