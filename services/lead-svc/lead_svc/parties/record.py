"""Companies and the people in them, as their rows hold them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


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
    created_at: datetime
    updated_at: datetime
    version: int


_NOT_OWNER = Unmet("not_owner", "Only the account's owner or a manager may change this.")
ACCOUNT = Subject[Account, None](
    name="account",
    label="account",
    owner=lambda account, _: account.owner_id,
    not_owner=_NOT_OWNER,
)
CONTACT = Subject[Contact, Account](
    name="contact",
    label="contact",
    owner=lambda _, account: account.owner_id,
    not_owner=_NOT_OWNER,
)
