"""Who had a contract when: a change of its owner moves nothing that was counted before."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Holder
from metrics_svc.counting.fact import SALES, Fact
from metrics_svc.counting.times import Calendar
from metrics_svc.sales.holders import holder_at
from shared.access.kinds import CASH_FIGURES
from shared.events.contract import ContractChanged, ContractDrafted
from shared.events.envelope import Envelope


@dataclass(slots=True)
class ContractFact:
    """Who had a contract from when on: time, owner and team, in the order of its events."""

    id: UUID
    holders: list[list[Any]] = field(default_factory=list)


def _heard(fact: ContractFact, e: Envelope[Any], _: Calendar) -> None:
    """Changes take effect in the order in which they are told, never before one that was told earlier."""
    owner, team = (None if id is None else str(id) for id in (e.data.owner_id, e.data.team_id))
    if not fact.holders or fact.holders[-1][1:] != [owner, team]:
        at = max(e.time, datetime.fromisoformat(fact.holders[-1][0])) if fact.holders else e.time
        fact.holders = [*fact.holders, [at.isoformat(), owner, team]]


def holder(contract: ContractFact | None, at: datetime, told: Holder) -> Holder:
    """Who had the contract then; who the milestone or payment names, as long as the contract itself is not known."""
    return holder_at(contract.holders, at) if contract is not None and contract.holders else told


FACT = Fact(
    "contract_fact",
    ContractFact,
    ("id",),
    lane=SALES,
    record="contract",
    figures=CASH_FIGURES,
    hears={ContractDrafted: _heard, ContractChanged: _heard},
)
