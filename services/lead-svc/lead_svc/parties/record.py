"""Companies and the people in them, as their rows hold them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


class PartyState(StrEnum):
    """Whether an account or a contact is one of its own."""

    ACTIVE = "active"
    MERGED = "merged"
    """It was the same as another one, which has what it had. It still answers, and names that one."""


@dataclass(frozen=True, slots=True)
class Account:
    """A company. A stub (`imported`) while only another service's import has named it."""

    id: UUID
    external_id: Annotated[str | None, Stored(unique=True)]
    name: str
    compared: Annotated[str, Stored(comment="the name without case, width and needless blanks")]
    owner_id: UUID | None
    region: str | None
    industry: str | None
    size: str | None
    tier: str | None
    imported: Annotated[bool, Stored(default="false", comment="named by an import before anybody entered it")]
    merged_into: UUID | None
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a company. Personal data: it never leaves this service by an event."""

    id: UUID
    external_id: Annotated[str | None, Stored(unique=True)]
    account_id: Annotated[UUID, Stored(refers="account.id")]
    name: str
    email: str | None
    phone: str | None
    job_title: str | None
    merged_into: UUID | None
    created_at: datetime
    updated_at: datetime
    version: int


_NOT_OWNER = Unmet("not_owner", "Only the account's owner or a manager may change this.")
_MERGED_ACCOUNT = Unmet("merged", "The account was merged into another one; go on there.")
_MERGED_CONTACT = Unmet("merged", "The contact was merged into another one; go on there.")
ACCOUNT = Subject[Account, None](
    name="account",
    label="account",
    owner=lambda account, _: account.owner_id,
    not_owner=_NOT_OWNER,
    gone=lambda account: _MERGED_ACCOUNT if account.merged_into else None,
)
CONTACT = Subject[Contact, Account](
    name="contact",
    label="contact",
    owner=lambda _, account: account.owner_id,
    not_owner=_NOT_OWNER,
    gone=lambda contact: _MERGED_CONTACT if contact.merged_into else None,
)
