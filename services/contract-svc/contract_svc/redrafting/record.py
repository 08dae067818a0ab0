"""What deal-svc told of accepted quotes: enough to draft a contract of one again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from shared.stored import Stored


class End(StrEnum):
    """Why no contract can be drafted of a quote that was accepted."""

    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    DEAL_LOST = "deal_lost"


@dataclass(frozen=True, slots=True)
class AcceptedQuote:
    """`ended` is empty while the quote stands. A lost deal that is reopened takes its end back."""

    id: UUID
    deal_id: UUID
    told: Annotated[dict[str, Any], Stored(comment="the data of quote.accepted")]
    accepted_at: datetime
    ended: End | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about another contract for the quote of one: whether one of its contracts stands, and what is known of the quote."""

    quote_id: UUID
    stands: bool
    known: bool
    ended: End | None
