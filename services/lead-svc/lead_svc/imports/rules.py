"""The history that an imported lead tells, and what is wrong about it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Protocol

from lead_svc.leads.record import Lead, Reason, State
from shared.errors import Unmet


class History(Protocol):
    captured_at: datetime | None
    mql_at: datetime | None
    qualified_at: datetime | None
    nurtured_at: datetime | None
    wake_at: datetime | None
    disqualified_at: datetime | None
    disqualified_reason: Reason


@dataclass(frozen=True, slots=True)
class Step:
    to: State
    at: datetime


_TIMES = ("captured_at", "mql_at", "qualified_at", "nurtured_at", "disqualified_at")
_times = attrgetter(*_TIMES)


def wrong(row: History, now: datetime, longest_wait_days: int) -> list[Unmet]:
    """By field: times in the future, or in another order than they follow each other; a wake-up date without a wait, or too far off."""
    known = [(name, at) for name, at in zip(_TIMES, _times(row), strict=True) if at is not None]
    found = [Unmet(n, "lies in the future") for n, at in known if at > now]
    for (before, first), (after, then) in pairwise(known):
        if then < first:
            found.append(Unmet(after, f"is earlier than {before}"))
    if row.wake_at is not None:
        if row.nurtured_at is None:
            found.append(Unmet("nurtured_at", "is empty, but wake_at is given"))
        elif not timedelta() < row.wake_at - row.nurtured_at <= timedelta(days=longest_wait_days):
            found.append(Unmet("wake_at", f"must lie after nurtured_at, and within {longest_wait_days} days"))
    return found


def steps(lead: Lead, row: History) -> list[Step]:
    """What the row adds to the way the lead has come: steps it has not taken yet.

    A lead that was taken up again since is not put aside by a file any more.
    """
    if lead.state not in (State.CAPTURED, State.MQL, State.SQL):
        return []
    order = [State.CAPTURED, State.MQL, State.SQL]
    ahead = [Step(State.MQL, row.mql_at)] if row.mql_at else []
    ahead += [Step(State.SQL, row.qualified_at)] if row.qualified_at else []
    ahead = [s for s in ahead if order.index(s.to) > order.index(lead.state)]
    ahead += [Step(State.NURTURING, row.nurtured_at)] if row.nurtured_at and not lead.reactivations else []
    return ahead + ([Step(State.DISQUALIFIED, row.disqualified_at)] if row.disqualified_at else [])
