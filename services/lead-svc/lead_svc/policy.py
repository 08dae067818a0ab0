"""The numbers, lists and switches of leads."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import model_validator

from shared.policy.document import Part, Policy, value
from shared.policy.parts import InBulk


class Profile(StrEnum):
    """Which BANT dimensions weigh more, by the seller's own stage."""

    BALANCED = "balanced"
    STARTUP = "startup"
    MATURE = "mature"


class SameName(StrEnum):
    """What a conversion does when an account has the name of the lead's company."""

    OFFER = "offer"
    JOIN = "join"
    NEW = "new"


class BantWeights(Part):
    """What each dimension of BANT weighs; together 100."""

    budget: int = value(25, "Budget", "预算", "The weight of a confirmed budget.", ge=0, le=100)
    authority: int = value(25, "Authority", "决策权", "The weight of a confirmed authority.", ge=0, le=100)
    need: int = value(30, "Need", "需求", "The weight of a confirmed need.", ge=0, le=100)
    timeline: int = value(20, "Timeline", "时间", "The weight of a confirmed timeline.", ge=0, le=100)

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        if (total := self.budget + self.authority + self.need + self.timeline) != 100:
            raise ValueError(f"the four weights must add up to 100; they are {total}")
        return self


_STARTUP = BantWeights(budget=15, authority=10, need=40, timeline=35)
_MATURE = BantWeights(budget=40, authority=35, need=15, timeline=10)


def _renamed(given: Any) -> Any:
    """Documents of releases before call the balanced profile `default`."""
    if not isinstance(given, dict):
        return given
    known = {**given, "profile": Profile.BALANCED} if given.get("profile") == "default" else given
    weights = known.get("weights")
    if isinstance(weights, dict) and "default" in weights:
        known = {**known, "weights": {"balanced" if name == "default" else name: its for name, its in weights.items()}}
    return known


class BantProfiles(Part):
    """The weights of each profile."""

    balanced: BantWeights = value(BantWeights(), "Balanced", "均衡", "For a company between the two others.")
    startup: BantWeights = value(_STARTUP, "Start-up", "初创期", "For a company that still looks for its market.")
    mature: BantWeights = value(_MATURE, "Mature", "成熟期", "For a company whose market is settled.")


class Bant(Part):
    """How BANT decides on qualification and grade."""

    profile: Profile = value(Profile.BALANCED, "Profile", "权重方案", "Which weights count.")
    weights: BantProfiles = value(BantProfiles(), "Weights", "权重", "What each dimension weighs, by profile.")
    limit: int = value(60, "Score to qualify", "合格分数", "The weighted score, 0 to 100, that a qualified lead needs.", ge=0, le=100)
    besides_need: int = value(
        2, "Confirmed besides need", "需求外确认项", "How many of budget, authority and timeline must be confirmed.", ge=0, le=3
    )
    a_months: int = value(3, "Months for grade A", "A级购买月数", "Grade A means buying within this many months.", ge=1, le=60)
    strict_a: bool = value(False, "Strict grade A", "严格A级", "A lead of grade B does not become an A by its budget alone.")

    _before = model_validator(mode="before")(_renamed)

    @property
    def weigh(self) -> Mapping[str, int]:
        """The weights that count, by dimension."""
        chosen: BantWeights = getattr(self.weights, self.profile)
        return chosen.model_dump()


class LeadPolicy(InBulk):
    """How leads are qualified, given up and handed over."""

    bant: Bant = value(Bant(), "BANT", "BANT", "How BANT decides on qualification and grade.")
    low_intent_qualifies: bool = value(
        False, "Low intent qualifies", "低意向可合格", "A lead whose intent is low can become an SQL all the same."
    )
    no_responses: int = value(
        3, "Contacts without response", "无响应次数", "Contacts in a row without a response that disqualify a lead.", ge=1, le=100
    )
    longest_wait_days: int = value(3650, "Longest wait", "最长培育天数", "Days that a lead may be put aside for at most.", ge=1, le=36500)
    same_name_accounts: SameName = value(
        SameName.OFFER,
        "Accounts of the same name",
        "同名客户处理",
        "When a lead is converted whose company has the name of an account: ask (offer), join that account, or make a new one.",
    )


POLICY = Policy("lead-svc", LeadPolicy, begins=lambda settings: LeadPolicy(same_name_accounts=SameName(settings.same_name_accounts)))
