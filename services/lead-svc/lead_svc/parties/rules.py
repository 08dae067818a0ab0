"""Companies and the people in them: lead-svc is their master, everybody else holds ids (architecture §4)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.masking import masked_email, masked_name, masked_phone, sees_personal_data

KEEPERS = (Role.rep, Role.kam, Role.manager, Role.director, Role.marketing, Role.assistant, Role.csm, Role.ops, Role.admin, Role.service)
"""Who may enter and change companies and contacts at all; whose they may change, `edit_unmet` says."""

_ANY = (Role.manager, Role.director, Role.ops, Role.admin, Role.marketing, Role.csm, Role.service)


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


def edit_unmet(account: Account, actor: Actor) -> list[Unmet]:
    """The account's owner may change it and its contacts; anybody who sees it may while it has none; these roles always."""
    if account.owner_id in (None, actor.id) or actor.has(*_ANY):
        return []
    return [Unmet("not_owner", "Only the account's owner or a manager may change this.")]


def is_seller(actor: Actor) -> bool:
    """Sells, and leads nobody: what he enters is his."""
    return actor.has(Role.rep, Role.kam) and not actor.has(*_ANY)


def owner_unmet(owner_id: UUID | None, actor: Actor) -> list[Unmet]:
    if owner_id in (None, actor.id) or not is_seller(actor):
        return []
    return [Unmet("not_manager", "A seller can enter his own records only.")]


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
