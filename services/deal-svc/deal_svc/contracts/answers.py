"""What a deal says of its contract."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from deal_svc.contracts.record import REVIEWED


class ContractOfDeal(BaseModel):
    """The contract of the deal that was drafted last. `GET /v1/contracts/{id}` has it whole, for those who see it."""

    id: UUID
    quote_id: UUID
    number: str
    state: str


class OpenApproval(BaseModel):
    """Something of the deal that waits for somebody's approval."""

    kind: Literal["contract", "quote"]
    id: UUID
    number: str


def open_approvals(contract: ContractOfDeal | None, quotes: Sequence[Mapping[str, Any]]) -> list[OpenApproval]:
    """Those of quotes that are up for approval, then that of a contract in review."""
    found = [OpenApproval(kind="quote", **quote) for quote in quotes]
    if contract is not None and contract.state == REVIEWED:
        found.append(OpenApproval(kind="contract", id=contract.id, number=contract.number))
    return found
