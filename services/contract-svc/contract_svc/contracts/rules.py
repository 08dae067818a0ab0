"""The acts of a draft, and those that the system does.

The acts of each step are with the step: signing, delivery, payments.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from contract_svc.contracts.record import CONTRACT, UNSIGNED, Contract, ContractState, Section
from shared.acts import Act, who
from shared.auth.actor import LEADERS, OWNERS, Role
from shared.backdating import backdate
from shared.errors import Unmet
from shared.events.contract import (
    ContractChanged,
    ContractCompleted,
    ContractDrafted,
    ContractReopened,
    ContractVoided,
)

CHANGE: Act[Contract, None] = Act(
    of=CONTRACT,
    name="change",
    operation="edit_contract",
    who=who(*LEADERS, Role.assistant, Role.legal, own=OWNERS),
    states=(ContractState.DRAFT,),
    tells=(ContractChanged,),
    refused="The contract cannot be changed.",
    code="contract_not_changeable",
    says="Changes the text, the signers and the days of a draft; lines, total and schedule are the quote's.",
    asks="It ends on the day it starts or later.",
)

ASSIGN: Act[Contract, None] = Act(
    of=CONTRACT,
    name="assign",
    operation="assign_contract",
    who=who(*LEADERS, Role.sales_ops),
    refused="The contract cannot be given to another owner.",
    code="contract_not_assignable",
    tells=(ContractChanged,),
    says="Gives the contract to another owner, with its milestones and payments, until the owner of its deal changes.",
    asks="A person on the roster who owns records and has not left.",
    sample=lambda contract, by: {"owner_id": str(contract.owner_id or by.id)},
)

# -- What the system does -----------------------------------------------------------------------------------------------------

DRAFT: Act[Contract, None] = Act(
    of=CONTRACT,
    name="draft",
    makes=True,
    to=(ContractState.DRAFT,),
    tells=(ContractDrafted,),
    says="Drafts the contract of a quote that a customer accepted.",
    asks="The quote has, and had, no contract.",
)
GIVE_UP: Act[Contract, None] = Act(
    of=CONTRACT,
    name="give_up",
    states=UNSIGNED,
    to=(ContractState.VOIDED,),
    tells=(ContractVoided,),
    says="Voids an unsigned contract whose deal was lost, or whose quote was withdrawn or replaced.",
)
COMPLETE: Act[Contract, None] = Act(
    of=CONTRACT,
    name="complete",
    states=(ContractState.ACTIVE,),
    to=(ContractState.COMPLETED,),
    tells=(ContractCompleted,),
    says="Closes a contract that is accepted and of which nothing is open any more.",
)
REOPEN: Act[Contract, None] = Act(
    of=CONTRACT,
    name="reopen",
    states=(ContractState.COMPLETED,),
    to=(ContractState.ACTIVE,),
    tells=(ContractReopened,),
    says="Opens it again when a payment is reversed.",
)


BACKDATE = backdate(CONTRACT)


def owned_by(contract: Contract, owner_id: UUID | None, team_id: UUID | None) -> dict[str, Any]:
    """What changes with the owner. A closed contract stays in the team that it was closed in."""
    return {"owner_id": owner_id, "team_id": contract.team_id if contract.closed_at else team_id}


def term_unmet(starts_on: date | None, ends_on: date | None) -> list[Unmet]:
    if starts_on and ends_on and ends_on < starts_on:
        return [Unmet("ends_before_start", "The contract would end before it starts. Set ends_on to the day it starts or later.")]
    return []


def missing_sections(contract: Contract) -> Sequence[Section]:
    return [s for s in Section if not contract.sections.get(s, "").strip()]
