"""Who had a record when something happened: a change of its owner moves nothing that was counted before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from metrics_svc.counting.dimensions import NOBODY, Holder
from shared.ids import read_id


def first_known(before: Holder, now: Holder) -> Holder:
    """Who it is credited to: who had it, or its next owner if nobody did; their team, as soon as it is known."""
    if before[0] is None or (before[1] is None and before[0] == now[0]):
        return now
    return before


def holder_at(holders: Sequence[Sequence[Any]], at: datetime) -> Holder:
    """Who had the contract then; its first owner, if nobody did yet."""
    found = NOBODY
    for since, owner, team in holders:
        if found[0] is not None and datetime.fromisoformat(since) > at:
            break
        found = (read_id(owner), read_id(team) if team else None) if owner else NOBODY
    return found
