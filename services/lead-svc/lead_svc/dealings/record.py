"""A deal or a contract as its service tells of it, as far as it decides who sees its account."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class Known:
    """`deal_id` of a deal is its own: who has a part in a deal sees its contracts too."""

    id: UUID
    kind: Annotated[str, Stored(comment="deal or contract")]
    account_id: UUID | None
    deal_id: UUID
    owner_id: UUID | None
    heard: Annotated[int, Stored(big=True, comment="the version of the last event")]
