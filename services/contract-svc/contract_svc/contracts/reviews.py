"""The review of a contract as an approval: whose it is, who sees it, what tells of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from contract_svc.contracts.queries import SEEN
from contract_svc.contracts.record import Contract, ContractState
from shared.access import kinds
from shared.approvals import commands
from shared.approvals.commands import Approvals
from shared.approvals.record import Request
from shared.approvals.tables import latest
from shared.db.tx import Reader, Tx
from shared.events import contract as told
from shared.events.envelope import Dimensions

_TOLD = ("deal_id", "revision", *Dimensions.model_fields)


def _about(contract: Contract) -> dict[str, Any]:
    return {"contract_id": contract.id, **{name: getattr(contract, name) for name in _TOLD}}


CONTRACT_APPROVALS = Approvals(
    kind="contract",
    seen=SEEN,
    access=kinds.CONTRACTS,
    owner=lambda contract: contract.owner_id,
    about=_about,
    timer="contract_approval",
    requested=told.ContractApprovalRequested,
    decided=told.ContractApprovalDecided,
    delegated=told.ContractApprovalDelegated,
    escalated=told.ContractApprovalEscalated,
    reopened=told.ContractApprovalReopened,
    withdrawn=told.ContractApprovalWithdrawn,
)


async def reviews_of(db: Reader, contract_ids: Sequence[UUID]) -> dict[UUID, Request]:
    """The review that was asked for last of each contract, by the contract's id."""
    return await latest(db, CONTRACT_APPROVALS.kind, contract_ids)


async def free(tx: Tx, contracts: Sequence[Contract], owner_id: UUID | None) -> dict[UUID, tuple[str, ...]]:
    """Open again what the new owner approved of contracts in review. By contract, what changed, as `contract.changed` names it."""
    gone = {c.id: c for c in contracts if c.state is ContractState.IN_REVIEW and owner_id not in (None, c.owner_id)}
    freed: dict[UUID, tuple[str, ...]] = {}
    for id, request in (await reviews_of(tx, list(gone))).items():
        assert owner_id is not None
        if await commands.free(tx, CONTRACT_APPROVALS, gone[id], request, owner_id, at=tx.now):
            freed[id] = ("reviews",)
    return freed
