"""Companies and the people in them: lead-svc is their master, other services hold ids."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from lead_svc.parties.record import ACCOUNT, CONTACT, Account, Contact
from shared.acts import Act, Subject, who
from shared.auth.actor import LEADERS, OWNERS, Actor, Role
from shared.errors import Unmet
from shared.events.envelope import Event
from shared.events.party import (
    AccountCreated,
    AccountMemberAdded,
    AccountMemberRemoved,
    AccountMerged,
    AccountRestored,
    AccountUpdated,
    ContactCreated,
    ContactMerged,
    ContactRestored,
    ContactUpdated,
)

P = TypeVar("P", Account, Contact)
F = TypeVar("F")

_ANY = (*LEADERS, Role.ops, Role.sales_ops, Role.marketing, Role.csm)
_OWN = (Role.rep, Role.kam, Role.assistant)


KEEPING = who(*_ANY, own=_OWN, unowned=_OWN, scope="accounts:write")
"""Who keeps companies and their contacts: the account's owner, those who see it while it has none, and these roles always."""

CREATE_ACCOUNT = Act(
    of=ACCOUNT,
    name="create",
    operation="create_account",
    who=KEEPING,
    makes=True,
    tells=(AccountCreated,),
    says="Enters an account; one that is known by its key is brought to these values.",
    asks="A seller enters their own accounts only.",
)
CHANGE_ACCOUNT = Act(
    of=ACCOUNT,
    name="change",
    operation="change_account",
    who=KEEPING,
    tells=(AccountUpdated,),
    refused="You cannot change this account.",
    code="not_owner",
    says="Changes what is known of the account, and its owner.",
    asks="A seller gives an account to nobody else.",
    sample=lambda *_: {"industry": "steel"},
)
_TEAM = who(*LEADERS, Role.sales_ops, own=OWNERS)


def _somebody(_account: Account, actor: Actor) -> dict[str, Any]:
    return {"person_id": str(actor.id)}


ADD_MEMBER = Act(
    of=ACCOUNT,
    name="add_member",
    operation="add_account_member",
    who=_TEAM,
    tells=(AccountMemberAdded,),
    refused="You cannot change the team of this account.",
    code="not_owner",
    says="Takes somebody into the team of the account: they see it and its contacts.",
    asks="A person of the roster who has not left.",
    sample=_somebody,
)
REMOVE_MEMBER = Act(
    of=ACCOUNT,
    name="remove_member",
    operation="remove_account_member",
    who=_TEAM,
    tells=(AccountMemberRemoved,),
    refused="You cannot change the team of this account.",
    code="not_owner",
    says="Takes somebody out of the team of the account.",
    sample=_somebody,
)
CREATE_CONTACT = Act(
    of=CONTACT,
    name="create",
    operation="create_contact",
    who=KEEPING,
    makes=True,
    tells=(ContactCreated,),
    refused="You cannot change this account's contacts.",
    code="not_owner",
    says="Enters a contact of an account; one that is known by its key is brought to these values.",
    asks="An account that you may change.",
)
CHANGE_CONTACT = Act(
    of=CONTACT,
    name="change",
    operation="change_contact",
    who=KEEPING,
    tells=(ContactUpdated,),
    refused="You cannot change this account's contacts.",
    code="not_owner",
    says="Changes what is known of the contact, and its account.",
    asks="Accounts that you may change.",
    sample=lambda *_: {"job_title": "CTO"},
)
MERGES = who(*LEADERS, Role.sales_ops)
"""Who says that two records are the same."""


def _is_merged(party: Account | Contact, _facts: Any, _by: Actor) -> Iterable[Unmet]:
    return () if party.merged_into else [Unmet("not_merged", "It was not merged into another one.")]


def _merge(of: Subject[P, F], told: type[Event], thing: str, asks: str) -> Act[P, F]:
    return Act(
        of=of,
        name="merge",
        operation=f"merge_{of.name}",
        who=MERGES,
        tells=(told,),
        refused=f"The two {of.name}s cannot be merged.",
        code="cannot_merge",
        says=f"Takes over another {of.name} that is the same {thing}, with all that names it, in every service.",
        asks=asks,
    )


def _unmerge(of: Subject[P, F], told: type[Event]) -> Act[P, F]:
    return Act(
        of=of,
        name="unmerge",
        operation=f"unmerge_{of.name}",
        who=MERGES,
        needs=_is_merged,
        brings_back=True,
        tells=(told,),
        refused="The merge cannot be undone.",
        code="cannot_unmerge",
        says=f"Undoes a merge: what named the {of.name} before names it again. What was made since stays with the survivor.",
        asks="As for leads.",
    )


MERGE_ACCOUNT = _merge(ACCOUNT, AccountMerged, "company", "Both accounts in view.")
UNMERGE_ACCOUNT = _unmerge(ACCOUNT, AccountRestored)
MERGE_CONTACT = _merge(CONTACT, ContactMerged, "person", "Both contacts in view, and of one account.")
UNMERGE_CONTACT = _unmerge(CONTACT, ContactRestored)
ACCOUNT_ACTS = (CREATE_ACCOUNT, CHANGE_ACCOUNT, ADD_MEMBER, REMOVE_MEMBER, MERGE_ACCOUNT, UNMERGE_ACCOUNT)
CONTACT_ACTS = (CREATE_CONTACT, CHANGE_CONTACT, MERGE_CONTACT, UNMERGE_CONTACT)


def is_seller(actor: Actor) -> bool:
    """Sells, and leads nobody: what they enter is theirs."""
    return actor.has(Role.rep, Role.kam) and not actor.has(*_ANY)


def owner_unmet(owner_id: UUID | None, actor: Actor) -> list[Unmet]:
    if owner_id in (None, actor.id) or not is_seller(actor):
        return []
    return [Unmet("not_manager", "A seller can enter their own records only.")]
