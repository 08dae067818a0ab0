"""How what runs until a time ends: a deadline, or a task with its due time. It is met by then, or missed, or nobody waits any more."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple


class Told(NamedTuple):
    """What was told of it, in order. `said`: what its fact wants to know of that, such as whose it was."""

    name: str
    what: str
    at: datetime
    due_at: datetime
    met_at: datetime | None
    said: Any


class End(NamedTuple):
    """It was met in time, at `at`, or missed, and `at` is when it was due. `met`: what was said when it was met, late or not."""

    name: str
    at: datetime
    in_time: bool
    due_at: datetime
    said: Any
    met: Any = None


def _missed(one: Told, due_at: datetime) -> End:
    return End(one.name, due_at, False, due_at, one.said)


def ends(told: Iterable[Told]) -> Iterator[End]:
    """The ends of one, of which it has several if it started anew. A miss holds until something gives it time again."""
    missed: End | None = None
    due_at: datetime | None = None  # while it runs
    for one in told:
        match one.what:
            case "missed":
                missed = _missed(one, one.due_at)
            case "met":
                if one.met_at is None:
                    yield (missed or _missed(one, one.due_at))._replace(met=one.said)
                else:
                    yield End(one.name, one.met_at, True, one.due_at, one.said, one.said)
                missed, due_at = None, None
            case "started" | "stopped":
                if missed is None and due_at is not None:  # nobody had told
                    missed = _missed(one, due_at)
                if missed is not None and one.at >= missed.at:
                    yield missed
                missed, due_at = None, one.due_at if one.what == "started" else None
            case "paused":
                missed, due_at = None, None
            case "resumed" | "moved":
                due_at = one.due_at
                if missed is not None:
                    missed = missed._replace(at=one.due_at, due_at=one.due_at) if one.due_at <= one.at else None
    if missed is not None:
        yield missed
