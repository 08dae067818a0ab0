"""BANT: what sales found out of budget, authority, need and timeline, how much it weighs, and the grade it gives."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from lead_svc.leads.record import HELD, LEAD, Grade, Lead, State
from lead_svc.leads.rules import WORKING
from lead_svc.policy import Bant as Numbers
from lead_svc.policy import LeadPolicy
from shared.acts import Act
from shared.auth.actor import Actor
from shared.errors import Unmet
from shared.events.lead import LeadBantUpdated, LeadIntentRecorded, LeadQualified, LeadRegraded


class Dimension(StrEnum):
    BUDGET = "budget"
    AUTHORITY = "authority"
    NEED = "need"
    TIMELINE = "timeline"


class Status(StrEnum):
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"


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


def score(bant: Bant, numbers: Numbers) -> int:
    """0 to 100: the weights of what is confirmed."""
    return _weight(confirmed(bant), numbers)


def _weight(dimensions: Collection[Dimension], numbers: Numbers) -> int:
    weights = numbers.weigh
    return sum(weights[d] for d in dimensions)


def findings(bant: Bant, numbers: Numbers, *, evidence: bool) -> list[dict[str, Any]]:
    """All four dimensions for display, with their weights; the evidence may name people."""
    empty = {"status": Status.UNKNOWN, "evidence": None, "months": None, "by": None, "at": None}
    hidden = {} if evidence else {"evidence": None}
    weights = numbers.weigh
    return [{"dimension": d, "weight": weights[d], **empty, **bant.get(d, {}), **hidden} for d in Dimension]


def grade(old: Grade, before: Bant, after: Bant, numbers: Numbers) -> tuple[Grade, str]:
    """The grade after a change of BANT, and the rule that gives it. Works downwards too.

    A: budget and authority confirmed, buying within `a_months`; or, unless `strict_a`, a B whose budget is confirmed now, and as
    long as budget and need stay confirmed. B: need confirmed. C: everything else.
    """
    known = confirmed(after)
    months = after[Dimension.TIMELINE]["months"] if Dimension.TIMELINE in known else None
    soon = months is not None and months <= numbers.a_months
    if {Dimension.BUDGET, Dimension.AUTHORITY} <= known and soon:
        return Grade.A, "budget_authority_soon"
    if not numbers.strict_a and Dimension.BUDGET in known:
        if old is Grade.B and Dimension.BUDGET not in confirmed(before):
            return Grade.A, "budget_confirmed"
        if old is Grade.A and Dimension.NEED in known:
            return Grade.A, "budget_stays_confirmed"
    return (Grade.B, "need_confirmed") if Dimension.NEED in known else (Grade.C, "need_vague")


def bant_unmet(bant: Bant, numbers: Numbers) -> list[Unmet]:
    """Need and enough of the others confirmed, and enough weight in all."""
    known = confirmed(bant)
    unmet = []
    if Dimension.NEED not in known:
        unmet.append(Unmet("bant_need", "Need is not confirmed."))
    others = len(known - {Dimension.NEED})
    if others < numbers.besides_need:
        unmet.append(
            Unmet("bant_others", f"{numbers.besides_need} of budget, authority and timeline must be confirmed; {others} of them are.")
        )
    if (weight := _weight(known, numbers)) < numbers.limit:
        unmet.append(Unmet("bant_score", f"The BANT score is {weight}; it must be at least {numbers.limit}."))
    return unmet


# -- Acts --------------------------------------------------------------------------------------------------------------------


def _qualify_needs(lead: Lead, policy: LeadPolicy, actor: Actor) -> list[Unmet]:
    unmet = []
    if lead.owner_id is None:
        unmet.append(Unmet("owner", "The lead has no owner."))
    if lead.intent is None:
        unmet.append(Unmet("intent", "The customer's intent is not recorded."))
    elif lead.intent == "low" and not policy.low_intent_qualifies:
        unmet.append(Unmet("intent_low", "The customer's intent to buy is low; the policy asks for more."))
    if lead.responses < 1:
        unmet.append(Unmet("two_way_interaction", "There is no interaction yet in which the customer took part."))
    return unmet + bant_unmet(lead.bant, policy.bant)


RECORD_BANT = Act(
    of=LEAD,
    name="bant",
    operation="record_bant",
    who=WORKING,
    states=HELD,
    tells=(LeadBantUpdated, LeadRegraded),
    refused="BANT cannot be recorded now.",
    code="cannot_record",
    says="Records what is known of budget, authority, need or timeline; score and grade follow.",
    sample=lambda *_: {"dimension": Dimension.NEED, "status": Status.CONFIRMED},
)
RECORD_INTENT = Act(
    of=LEAD,
    name="intent",
    operation="record_intent",
    who=WORKING,
    states=HELD,
    tells=(LeadIntentRecorded,),
    refused="The intent cannot be recorded now.",
    code="cannot_record",
    says="Records how sure the customer is to buy.",
    sample=lambda *_: {"level": "high"},
)
SET_GRADE = Act(
    of=LEAD,
    name="grade",
    operation="override_grade",
    who=WORKING,
    states=HELD,
    tells=(LeadRegraded,),
    refused="The grade cannot be set now.",
    code="cannot_record",
    says="Sets the grade by hand, until the next change of BANT.",
    asks="Another grade than it has.",
    sample=lambda lead, _: {"grade": Grade.B if lead.grade is Grade.A else Grade.A},
)
QUALIFY = Act(
    of=LEAD,
    name="qualify",
    operation="qualify_lead",
    who=WORKING,
    states=(State.CAPTURED, State.MQL),
    to=(State.SQL,),
    needs=_qualify_needs,
    tells=(LeadQualified,),
    refused="The lead cannot be qualified yet.",
    code="cannot_qualify",
    says="Sales confirms the lead.",
    asks="An owner, an intent to buy that is not low, an interaction in which the customer took part, and enough of BANT.",
)
