"""Who had a record when something happened: a change of its owner moves nothing that was counted before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from metrics_svc.facts.rows import ContractFact, Holder
from shared.events.contract import ContractChanged, ContractDrafted
from shared.events.envelope import Envelope
from shared.ids import read_id

NOBODY: Holder = (None, None)


def first_known(before: Holder, now: Holder) -> Holder:
    """Who it is credited to: who had it, or its next owner if nobody did; their team, as soon as it is known."""
    if before[0] is None or (before[1] is None and before[0] == now[0]):
        return now
    return before


def contract_heard(fact: ContractFact, e: Envelope[Any]) -> None:
    """Changes take effect in the order in which they are told, never before one that was told earlier."""
    owner, team = (None if id is None else str(id) for id in (e.data.owner_id, e.data.team_id))
    if not fact.holders or fact.holders[-1][1:] != [owner, team]:
        at = max(e.time, datetime.fromisoformat(fact.holders[-1][0])) if fact.holders else e.time
        fact.holders = [*fact.holders, [at.isoformat(), owner, team]]


CONTRACTS = (ContractDrafted, ContractChanged)
"""The events of a contract that tell its owner."""


def holder_at(holders: Sequence[Sequence[Any]], at: datetime) -> Holder:
    """Who had the contract then; its first owner, if nobody did yet."""
    found = NOBODY
    for since, owner, team in holders:
        if found[0] is not None and datetime.fromisoformat(since) > at:
            break
        found = (read_id(owner), read_id(team) if team else None) if owner else NOBODY
    return found
