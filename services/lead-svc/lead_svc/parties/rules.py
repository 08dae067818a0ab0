"""Companies and the people in them: lead-svc is their master, other services hold ids."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.acts import Act, Subject, who
from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.events.lead import AccountCreated, AccountUpdated, ContactCreated, ContactUpdated
from shared.masking import masked_email, masked_name, masked_phone, sees_personal_data

_ANY = (Role.manager, Role.director, Role.ops, Role.admin, Role.marketing, Role.csm, Role.service)
_OWN = (Role.rep, Role.kam, Role.assistant)


@dataclass(frozen=True, slots=True)
class Account:
    """A company. A stub (`imported`) while only another service's import has named it."""

    id: UUID
    external_id: str | None
    name: str
    compared: str
    """What the name has in common with its other spellings."""
    owner_id: UUID | None
    region: str | None
    industry: str | None
    size: str | None
    tier: str | None
    imported: bool
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a company. Personal data: it never leaves this service by an event."""

    id: UUID
    external_id: str | None
    account_id: UUID
    name: str
    email: str | None
    phone: str | None
    job_title: str | None
    created_at: datetime
    updated_at: datetime
    version: int


_NOT_OWNER = Unmet("not_owner", "Only the account's owner or a manager may change this.")
ACCOUNT = Subject[Account, None](
    name="account",
    label="account",
    states=None,
    state=lambda _: None,
    owner=lambda account, _: account.owner_id,
    not_owner=_NOT_OWNER,
    wrong_state=lambda *_: _NOT_OWNER,
)
CONTACT = Subject[Contact, Account](
    name="contact",
    label="contact",
    states=None,
    state=lambda _: None,
    owner=lambda _, account: account.owner_id,
    not_owner=_NOT_OWNER,
    wrong_state=lambda *_: _NOT_OWNER,
)
KEEPING = who(*_ANY, own=_OWN, unowned=_OWN)
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
ACCOUNT_ACTS = (CREATE_ACCOUNT, CHANGE_ACCOUNT)
CONTACT_ACTS = (CREATE_CONTACT, CHANGE_CONTACT)


def is_seller(actor: Actor) -> bool:
    """Sells, and leads nobody: what they enter is theirs."""
    return actor.has(Role.rep, Role.kam) and not actor.has(*_ANY)


def owner_unmet(owner_id: UUID | None, actor: Actor) -> list[Unmet]:
    if owner_id in (None, actor.id) or not is_seller(actor):
        return []
    return [Unmet("not_manager", "A seller can enter their own records only.")]


PERSONAL = frozenset({"name", "email", "phone"})
"""Fields of a contact that not every role sees."""


def shown(contact: Contact, actor: Actor) -> Contact:
    """The contact as this actor may see it."""
    if sees_personal_data(actor):
        return contact
    return replace(
        contact,
        name=masked_name(contact.name),
        email=contact.email and masked_email(contact.email),
        phone=contact.phone and masked_phone(contact.phone),
    )
