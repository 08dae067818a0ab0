"""A deal or a contract as its service tells of it, as far as it decides who sees its account."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


class Dealing(StrEnum):
    """What other services have of an account."""

    DEAL = "deal"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Known:
    """`deal_id` of a deal is its own: who has a part in a deal sees its contracts too."""

    id: UUID
    kind: Dealing
    account_id: UUID | None
    deal_id: UUID
    owner_id: UUID | None
    version: Annotated[int, Stored(comment="of the event that was last heard")]
