"""The scoring model: which facts and which signs of interest give a lead how many points, and from when on it is an MQL."""

from collections import Counter
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, StringConstraints, model_validator

from lead_svc.conditions.fields import Condition, conditions
from shared.policy.document import Document, Part, Policy, value

Name = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
_MOST_POINTS = 1000
_NOT_ASKED = {"score", "prediction", "state"}
"""A score does not follow from itself, nor from what follows from it."""


class Standard(StrEnum):
    """What a fact about a lead speaks of: the standard that all leads are measured by."""

    NEED_FIT = "need_fit"
    PURCHASING_POWER = "purchasing_power"
    DECISION_CHAIN = "decision_chain"
    """How few have to agree: the less complex the chain of decisions, the more points."""


class Repeat(StrEnum):
    """Whether the same sign of interest counts again."""

    EVERY = "every"
    WINDOW = "window"
    """At most so many within so many days."""
    ONCE = "once"
    """The first one alone."""


def _points(says: str) -> int:
    found: int = value(10, "Points", "分值", says, ge=-_MOST_POINTS, le=_MOST_POINTS)
    return found


class AttributeRule(Part):
    """Points for what is known of a lead: its company, the job title, what sales found out."""

    name: Name = value("Rule", "Name", "名称", "What the explanation of a score calls the rule.")
    standard: Standard = value(Standard.NEED_FIT, "Standard", "评分维度", "What the rule speaks of.")
    conditions: tuple[Condition, ...] = conditions("Which leads get the points.")
    points: int = _points("Points of the lead as long as the conditions hold.")

    @model_validator(mode="after")
    def _asks_no_score(self) -> Self:
        if asked := sorted(_NOT_ASKED & {str(one.field) for one in self.conditions}):
            raise ValueError(f"a score cannot depend on the {asked[0]} of the lead")
        return self


class BehaviourRule(Part):
    """Points for what somebody did: each signal that counts gives them, and they are halved as it ages."""

    name: Name = value("Rule", "Name", "名称", "What the explanation of a score calls the rule.")
    kinds: tuple[Kind, ...] = value((), "Signals", "信号类型", "Kinds of signals that give points.", max_length=50)
    at_least: int | None = value(None, "At least", "最低数值", "Only signals of this value or more, such as seconds of a dwell.", ge=0)
    points: int = _points("Points for each signal that counts, when it is new.")
    repeat: Repeat = value(Repeat.WINDOW, "Repeats", "重复规则", "Whether the same counts again.")
    most: int = value(3, "At most", "最多次数", "How many count within the window.", ge=1, le=1000)
    window_days: int = value(7, "Window in days", "窗口天数", "Days in which at most so many count.", ge=1, le=3650)
    half_life_days: int | None = value(
        30, "Half-life in days", "半衰期天数", "Days after which points are halved, and again; none means never.", ge=1, le=3650
    )
    effective_from: AwareDatetime | None = value(None, "Effective from", "生效时间", "Signals before this do not count.")
    counts_past: bool = value(False, "Counts the past", "计入历史", "All signals count, however old, also those before the rule.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not self.kinds:
            raise ValueError("name one or more kinds of signals")
        if (self.effective_from is None) is not self.counts_past:
            raise ValueError("say either from when on signals count (effective_from), or that all do (counts_past)")
        return self

    @property
    def half_life(self) -> timedelta | None:
        return timedelta(days=self.half_life_days) if self.half_life_days else None


class Limits(Part):
    """The most points of each part of a score, so that no single part makes an MQL alone."""

    need_fit: int = value(40, "Need fit", "需求匹配度", "The most points for how well the need fits.", ge=0, le=_MOST_POINTS)
    purchasing_power: int = value(30, "Purchasing power", "购买力", "The most points for what they can spend.", ge=0, le=_MOST_POINTS)
    decision_chain: int = value(30, "Decision chain", "决策链", "The most points for how simply they decide.", ge=0, le=_MOST_POINTS)
    behaviour: int = value(50, "Behaviour", "行为", "The most points for what they did.", ge=0, le=_MOST_POINTS)


class ScoringPolicy(Document):
    """How leads are scored. Without rules nothing is scored."""

    threshold: int = value(
        60, "MQL threshold", "MQL阈值", "A captured lead with this score or more becomes an MQL by itself.", ge=1, le=4000
    )
    step: int = value(20, "Step told", "通知步长", "A score is told when it crosses the threshold or a multiple of this.", ge=1, le=4000)
    limits: Limits = value(Limits(), "Most points", "分值上限", "The most points of each part of a score.")
    attributes: tuple[AttributeRule, ...] = value((), "Attribute rules", "属性规则", "Points for what is known of a lead.", max_length=200)
    behaviours: tuple[BehaviourRule, ...] = value((), "Behaviour rules", "行为规则", "Points for signals of a lead.", max_length=100)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = Counter([*(rule.name for rule in self.attributes), *(rule.name for rule in self.behaviours)])
        if twice := sorted(name for name, n in names.items() if n > 1):
            raise ValueError(f"two rules are called {twice[0]}")
        return self

    @property
    def has_rules(self) -> bool:
        return bool(self.attributes or self.behaviours)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the signals that any rule counts."""
        return tuple(sorted({kind for rule in self.behaviours for kind in rule.kinds}))


POLICY = Policy("lead-svc", ScoringPolicy, name="scoring")
