"""Changing a draft, and what becomes of a contract by itself. The acts of each step are with the step: signing, delivery, payments."""

from collections.abc import Sequence
from datetime import date

from contract_svc.contracts.record import CONTRACT, LEADING, OWNING, UNSIGNED, Contract, Section, State
from shared.acts import Act, who
from shared.auth.actor import Role
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
    who=who(*LEADING, Role.assistant, Role.legal, own=OWNING),
    states=(State.DRAFT,),
    tells=(ContractChanged,),
    refused="The contract cannot be changed.",
    code="contract_not_changeable",
    says="Change the text, the signers and the days of a draft; lines, total and schedule are the quote's.",
    asks="it ends on or after the day it starts",
)

# -- What happens by itself ---------------------------------------------------------------------------------------------------

DRAFT: Act[Contract, None] = Act(
    of=CONTRACT,
    name="draft",
    operation=None,
    who=who(),
    makes=True,
    to=(State.DRAFT,),
    tells=(ContractDrafted,),
    says="A customer accepted a quote: its contract is drafted.",
    asks="the quote has, and had, no contract",
)
GIVE_UP: Act[Contract, None] = Act(
    of=CONTRACT,
    name="give_up",
    operation=None,
    who=who(),
    states=UNSIGNED,
    to=(State.VOIDED,),
    tells=(ContractVoided,),
    says="The deal was lost, or the quote was withdrawn or replaced by a newer version, before the signature.",
)
COMPLETE: Act[Contract, None] = Act(
    of=CONTRACT,
    name="complete",
    operation=None,
    who=who(),
    states=(State.ACTIVE,),
    to=(State.COMPLETED,),
    tells=(ContractCompleted,),
    says="The delivery is accepted and nothing is open any more.",
)
REOPEN: Act[Contract, None] = Act(
    of=CONTRACT,
    name="reopen",
    operation=None,
    who=who(),
    states=(State.COMPLETED,),
    to=(State.ACTIVE,),
    tells=(ContractReopened,),
    says="A payment was reversed, so something is open again.",
)


def term_unmet(starts_on: date | None, ends_on: date | None) -> list[Unmet]:
    if starts_on and ends_on and ends_on < starts_on:
        return [Unmet("ends_before_start", "The contract would end before it starts.")]
    return []


def missing_sections(contract: Contract) -> Sequence[Section]:
    return [s for s in Section if not contract.sections.get(s, "").strip()]
