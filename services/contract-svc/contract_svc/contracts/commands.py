"""Change drafts.

Every command locks the contract first: the lock orders what happens to it, to its milestones and to its payments.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from contract_svc.contracts.queries import SEEN
from contract_svc.contracts.record import Contract
from contract_svc.contracts.reviews import free
from contract_svc.contracts.rules import ASSIGN, CHANGE, owned_by, term_unmet
from contract_svc.contracts.tables import CONTRACTS
from shared.auth.actor import OWNERS
from shared.db.tx import Tx
from shared.errors import NotYet, Rejected
from shared.events.contract import ContractChanged, ContractEvent
from shared.events.envelope import Dimensions, Money
from shared.occurred import happened
from shared.parties.people import standing

E = TypeVar("E", bound=ContractEvent)


def dimensions(contract: Contract) -> dict[str, Any]:
    """The dimensions that every event of the contract carries, for figures."""
    return {n: getattr(contract, n) for n in Dimensions.model_fields}


def about(event: type[E], contract: Contract, **more: Any) -> E:
    """The event, with what it carries of the contract's fields."""
    worth = {n: Money(amount=amount, currency=contract.currency) for n, amount in contract.worth.items()}
    return event.of(contract, **worth, **more)


async def edit(tx: Tx, contract_id: UUID, *, expect: int | None, at: datetime | None, changes: dict[str, Any]) -> Contract:
    """Set fields of a draft. Sections that are not given stay."""
    contract = await SEEN.load(tx, contract_id, expect)
    after = {**changes, "sections": {**contract.sections, **changes.get("sections", {})}}
    CHANGE.check(contract, tx.actor, also=term_unmet(after.get("starts_on", contract.starts_on), after.get("ends_on", contract.ends_on)))
    return await change(tx, contract, at=happened(tx, at, since=contract.drafted_at), **after)


async def assign(tx: Tx, contract_id: UUID, to: UUID, *, expect: int | None, at: datetime | None) -> Contract:
    """Give the contract to another owner, in any state."""
    contract = await SEEN.load(tx, contract_id, expect)
    ASSIGN.check(contract, tx.actor)
    if contract.owner_id == to:
        return contract
    when = happened(tx, at, since=contract.closed_at or contract.drafted_at)
    changes = owned_by(contract, to, await _owners_team(tx, to))
    return await change(tx, contract, at=when, also=(await free(tx, [contract], to)).get(contract.id, ()), **changes)


async def _owners_team(tx: Tx, owner_id: UUID) -> UUID | None:
    known = await standing(tx, owner_id)
    if known is None or not known.active:
        raise NotYet(
            "No such person is on the roster, or the person has left. A new person is known here a moment later.", code="unknown_owner"
        )
    if known.role not in OWNERS:
        says = f"Somebody else must own the contract: only {', '.join(OWNERS[:-1])} and {OWNERS[-1]} can."
        raise Rejected(says, code="not_an_owner")
    return known.team_id


async def change(tx: Tx, contract: Contract, *, at: datetime, also: Sequence[str] = (), **changes: Any) -> Contract:
    """Set fields of a locked contract and tell which of them changed, and what `also` did. Tell nothing when none did."""
    changed = {name: value for name, value in changes.items() if getattr(contract, name) != value}
    if not changed:
        return contract
    before = {"previous_owner_id": contract.owner_id} if "owner_id" in changed else {}
    told = about(ContractChanged, replace(contract, **changed), changed=sorted([*changed, *also]), **before)
    return await tx.save(CONTRACTS, contract, told, at=at, **changed)
