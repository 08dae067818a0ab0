"""What parts of a contract take over from all their events."""

from typing import Any

from shared.spelling import normal_source


def described(fact: Any, data: Any) -> None:
    fact.contract_id, fact.deal_id = data.contract_id, data.deal_id
    fact.source, fact.product, fact.region = data.source and normal_source(data.source), data.product, data.region
