"""BANT: what sales found out of budget, authority, need and timeline (L9), how much it weighs (L10), and the grade it gives (L11, L13)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.errors import Unmet


class Grade(StrEnum):
    """How hot it is (L11)."""

    A = "A"
    B = "B"
    C = "C"


class Dimension(StrEnum):
    BUDGET = "budget"
    AUTHORITY = "authority"
    NEED = "need"
    TIMELINE = "timeline"


class Status(StrEnum):
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"


class Profile(StrEnum):
    """Which BANT dimensions weigh more, by the seller's own stage (L10)."""

    DEFAULT = "default"
    STARTUP = "startup"
    MATURE = "mature"


def _weights(budget: int, authority: int, need: int, timeline: int) -> Mapping[Dimension, int]:
    return {Dimension.BUDGET: budget, Dimension.AUTHORITY: authority, Dimension.NEED: need, Dimension.TIMELINE: timeline}


@dataclass(frozen=True, slots=True)
class Policy:
    """Every figure that decides. Weights add up to 100 in each profile."""

    profile: Profile = Profile.DEFAULT
    weights: Mapping[Profile, Mapping[Dimension, int]] = field(
        default_factory=lambda: {
            Profile.DEFAULT: _weights(budget=25, authority=25, need=30, timeline=20),
            Profile.STARTUP: _weights(budget=15, authority=10, need=40, timeline=35),
            Profile.MATURE: _weights(budget=40, authority=35, need=15, timeline=10),
        }
    )
    bant_limit: int = 60
    """The weighted score, 0 to 100, that an SQL needs."""
    besides_need: int = 2
    """How many of budget, authority and timeline must be confirmed besides the need."""
    a_months: int = 3
    """Grade A means buying within this many months."""
    strict_a: bool = False
    """True: a B does not become an A by its budget alone."""
    no_responses: int = 3
    """Contacts in a row without a response that disqualify (L14)."""


POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Finding:
    status: Status
    evidence: str | None
    months: int | None
    """Until they buy; for the timeline only."""
    by: UUID
    at: datetime

    def kept(self) -> dict[str, Any]:
        """As the lead's row keeps it."""
        return {"status": self.status, "evidence": self.evidence, "months": self.months, "by": str(self.by), "at": self.at.isoformat()}


Bant = Mapping[str, Mapping[str, Any]]
"""What is kept of each dimension that somebody has asked about."""


def confirmed(bant: Bant) -> set[Dimension]:
    return {Dimension(d) for d, found in bant.items() if found["status"] == Status.CONFIRMED}


def score(bant: Bant, policy: Policy = POLICY) -> int:
    """0 to 100: the weights of what is confirmed."""
    return _weight(confirmed(bant), policy)


def _weight(dimensions: Collection[Dimension], policy: Policy) -> int:
    weights = policy.weights[policy.profile]
    return sum(weights[d] for d in dimensions)


def findings(bant: Bant, *, evidence: bool, policy: Policy = POLICY) -> list[dict[str, Any]]:
    """All four dimensions for display, with their weights; the evidence may name people."""
    empty = {"status": Status.UNKNOWN, "evidence": None, "months": None, "by": None, "at": None}
    hidden = {} if evidence else {"evidence": None}
    weights = policy.weights[policy.profile]
    return [{"dimension": d, "weight": weights[d], **empty, **bant.get(d, {}), **hidden} for d in Dimension]


def grade(old: Grade, before: Bant, after: Bant, policy: Policy = POLICY) -> tuple[Grade, str]:
    """The grade after a change of BANT, and the rule that gives it. Works downwards too.

    A: budget and authority confirmed, buying within three months; or, unless `strict_a`, a B whose budget is confirmed now, and as
    long as budget and need stay confirmed. B: need confirmed. C: everything else.
    """
    known = confirmed(after)
    months = after[Dimension.TIMELINE]["months"] if Dimension.TIMELINE in known else None
    soon = months is not None and months <= policy.a_months
    if {Dimension.BUDGET, Dimension.AUTHORITY} <= known and soon:
        return Grade.A, "budget_authority_soon"
    if not policy.strict_a and Dimension.BUDGET in known:
        if old is Grade.B and Dimension.BUDGET not in confirmed(before):
            return Grade.A, "budget_confirmed"
        if old is Grade.A and Dimension.NEED in known:
            return Grade.A, "budget_stays_confirmed"
    return (Grade.B, "need_confirmed") if Dimension.NEED in known else (Grade.C, "need_vague")


def bant_unmet(bant: Bant, policy: Policy = POLICY) -> list[Unmet]:
    """Need and enough of the others confirmed, and enough weight in all (L9, L10)."""
    known = confirmed(bant)
    unmet = []
    if Dimension.NEED not in known:
        unmet.append(Unmet("bant_need", "Need is not confirmed."))
    others = len(known - {Dimension.NEED})
    if others < policy.besides_need:
        unmet.append(
            Unmet("bant_others", f"{policy.besides_need} of budget, authority and timeline must be confirmed; {others} of them are.")
        )
    if (weight := _weight(known, policy)) < policy.bant_limit:
        unmet.append(Unmet("bant_score", f"The BANT score is {weight}; it must be at least {policy.bant_limit}."))
    return unmet
