"""What parts of a contract take over from all their events."""

from typing import Any

from metrics_svc.counting.dimensions import COLUMNS
from shared.spelling import normal_source


def described(fact: Any, data: Any) -> None:
    fact.contract_id, fact.deal_id = data.contract_id, data.deal_id
    described_by(fact, data)


def described_by(fact: Any, data: Any) -> None:
    """Take over all dimensions but owner and team."""
    for name in COLUMNS[2:]:
        setattr(fact, name, getattr(data, name))
    if fact.source:
        fact.source = normal_source(fact.source)
