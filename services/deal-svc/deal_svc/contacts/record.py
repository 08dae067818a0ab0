"""A contact, as lead-svc told."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class AccountContact:
    contact_id: UUID
    told_version: Annotated[int, Stored(big=True, comment="of the contact's event; 0 where only a converted lead has named it so far")]
    account_id: UUID | None
