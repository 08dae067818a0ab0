"""What hangs on a deal: the SPIN record, the buying committee and proposals."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from shared.stored import Stored


class SpinPart(StrEnum):
    SITUATION = "situation"
    PROBLEM = "problem"
    IMPLICATION = "implication"
    NEED_PAYOFF = "need_payoff"


class CommitteeRole(StrEnum):
    ECONOMIC_BUYER = "economic_buyer"
    TECHNICAL_BUYER = "technical_buyer"
    USER = "user"
    CHAMPION = "champion"
    INFLUENCER = "influencer"
    GATEKEEPER = "gatekeeper"


class Stance(StrEnum):
    UNKNOWN = "unknown"
    SUPPORTER = "supporter"
    NEUTRAL = "neutral"
    OPPONENT = "opponent"


@dataclass(frozen=True, slots=True)
class SpinEntry:
    """`explicit`: the customer said it; otherwise a hidden need that the seller sees."""

    id: UUID
    deal_id: Annotated[UUID, Stored(refers="deal.id")]
    part: SpinPart
    text: str
    explicit: bool
    recorded_by: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the buying committee; the contact's data is lead-svc's."""

    deal_id: Annotated[UUID, Stored(refers="deal.id")]
    contact_id: UUID
    committee_role: CommitteeRole
    decision_maker: bool
    stance: Stance
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """`points`: pain, capability that answers it, and its value for the customer."""

    deal_id: Annotated[UUID, Stored(refers="deal.id")]
    number: int
    title: str
    points: list[dict[str, Any]]
    drafted_at: datetime
    presented_at: datetime | None
