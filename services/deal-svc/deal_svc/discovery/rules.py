"""What the seller learns of the customer, and what he shows him: SPIN record, buying committee, proposals (D2, D3, D5, D6)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from deal_svc.deals.rules import Deal, change_unmet
from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.masking import sees_personal_data

HELPING = (Role.presales, Role.assistant)
"""They work on the deals of their team without owning them (D8)."""


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
    """`explicit`: the customer said it himself; otherwise a hidden need that the seller sees."""

    id: UUID
    deal_id: UUID
    part: SpinPart
    text: str | None
    explicit: bool
    recorded_by: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the buying committee; the contact's data is lead-svc's."""

    deal_id: UUID
    contact_id: UUID
    committee_role: CommitteeRole
    decision_maker: bool
    stance: Stance
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """`points`: pain, capability that answers it, and its value for the customer."""

    deal_id: UUID
    number: int
    title: str
    points: list[dict[str, Any]]
    drafted_at: datetime
    presented_at: datetime | None


def spin_shown(entry: SpinEntry, by: Actor) -> SpinEntry:
    """The entry as this actor may see it: the words only with personal data."""
    return entry if sees_personal_data(by) else replace(entry, text=None)


def proposal_shown(proposal: Proposal, by: Actor) -> Proposal:
    """The proposal as this actor may see it: its points start from what pains the customer."""
    return proposal if sees_personal_data(by) else replace(proposal, points=[])


def record_unmet(deal: Deal, by: Actor) -> list[Unmet]:
    """Those responsible record, and those who help their team."""
    unmet = change_unmet(deal, by)
    return [u for u in unmet if u.code != "not_owner"] if by.has(*HELPING) else unmet
