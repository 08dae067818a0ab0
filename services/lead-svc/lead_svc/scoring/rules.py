"""What a lead's score is and why: one line for each rule that gives points, which add up to it. Pure.

Everything that shows, stores, simulates or explains a score asks `Scorer.explain`.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from lead_svc.conditions.rules import all_hold, asked
from lead_svc.leads.record import LEAD, Lead, State
from lead_svc.scoring.policy import AttributeRule, BehaviourRule, Repeat, ScoringPolicy, Standard
from shared.acts import Act, who
from shared.auth.actor import Role
from shared.events.lead import LeadMqlReached, TopRule
from shared.events.score import LeadPredicted

_TOP = 5
"""Rules that events name."""


class Part(StrEnum):
    """The parts of a score."""

    NEED_FIT = Standard.NEED_FIT.value
    PURCHASING_POWER = Standard.PURCHASING_POWER.value
    DECISION_CHAIN = Standard.DECISION_CHAIN.value
    BEHAVIOUR = "behaviour"


_PARTS = {standard: Part(standard.value) for standard in Standard}


class Sign(NamedTuple):
    """A signal as rules look at it."""

    kind: str
    at: datetime
    value: int | None


class Line(NamedTuple):
    """What one rule gives, or what a limit takes away. `until`: when its points fall by themselves.

    `of` is the rule, or what to say of a limit; of the signals that fit a rule, `counted` give points and `passed_over` do not.
    """

    rule: str
    part: Part | None
    points: int
    of: AttributeRule | BehaviourRule | str
    until: datetime | None = None
    counted: int = 0
    passed_over: int = 0

    @property
    def repeat(self) -> Repeat | None:
        return self.of.repeat if isinstance(self.of, BehaviourRule) else None

    @property
    def why(self) -> str:
        if isinstance(self.of, str):
            return self.of
        if isinstance(self.of, AttributeRule):
            return " and ".join(one.says for one in self.of.conditions) or "every lead"
        said = f"{self.counted} of {'/'.join(self.of.kinds)}" + (f", {self.passed_over} more do not count" if self.passed_over else "")
        return said + (f"; halved every {self.of.half_life_days} days" if self.of.half_life_days else "")


class Explained(NamedTuple):
    """A score and its lines, whose points add up to it. `next_at`: when points fall by themselves."""

    points: int
    lines: Sequence[Line]
    next_at: datetime | None

    @property
    def top(self) -> list[TopRule]:
        """The rules that gave most."""
        best = sorted((line for line in self.lines if line.points > 0), key=lambda line: -line.points)
        return [TopRule(rule=line.rule, points=line.points) for line in best[:_TOP]]


class Scorer:
    """A scoring model, made ready for many leads: a new one comes to all of them."""

    def __init__(self, model: ScoringPolicy) -> None:
        self.threshold = model.threshold
        self._facts = [(asked(one.conditions), Line(one.name, _PARTS[one.standard], one.points, one)) for one in model.attributes]
        self._behaviours = [_Behaviour(one) for one in model.behaviours]
        self._most: dict[Part | None, int] = {part: getattr(model.limits, part.value) for part in Part}

    def explain(self, lead: Lead, signs: Sequence[Sign], at: datetime) -> Explained:
        """The score of a lead at a moment. `signs`: all its signals of the model's kinds, oldest first."""
        lines = [line for conditions, line in self._facts if all_hold(conditions, lead)]
        if signs:
            lines += [line for one in self._behaviours if (line := one.line(signs, at))]
        next_at = min((line.until for line in lines if line.until), default=None)
        totals: dict[Part | None, int] = {}
        for line in lines:
            totals[line.part] = totals.get(line.part, 0) + line.points
        points = 0
        for part, total in totals.items():
            most = self._most[part]
            points += min(total, most)
            if total > most and part:
                lines.append(Line(f"most of {part.value}", part, most - total, f"{part.value} gives {most} points at most."))
        if points < 0:
            lines.append(Line("not below zero", None, -points, "A score is never negative."))
        return Explained(max(points, 0), lines, next_at)


def explain(lead: Lead, signs: Sequence[Sign], model: ScoringPolicy, at: datetime) -> Explained:
    """`Scorer.explain` for one lead."""
    return Scorer(model).explain(lead, signs, at)


# -- Behaviour ---------------------------------------------------------------------------------------------------------------


class _Behaviour:
    """A rule for what somebody did."""

    def __init__(self, rule: BehaviourRule) -> None:
        self.rule, self.kinds = rule, frozenset(rule.kinds)
        self.half_life, self.window = rule.half_life, timedelta(days=rule.window_days)

    def line(self, signs: Sequence[Sign], at: datetime) -> Line | None:
        """What these signals, the oldest first, give at this moment; None for nothing."""
        rule = self.rule
        fitting = [sign.at for sign in signs if sign.kind in self.kinds and sign.at <= at and _fits(rule, sign)]
        if not fitting:
            return None
        counted = self._counted(fitting)
        aged = [_aged(rule.points, self.half_life, when, at) for when in counted]
        if not any(points for points, _ in aged):
            return None
        until = min((falls for _, falls in aged if falls), default=None)
        points = sum(points for points, _ in aged)
        return Line(rule.name, Part.BEHAVIOUR, points, rule, until, len(counted), len(fitting) - len(counted))

    def _counted(self, times: Sequence[datetime]) -> Sequence[datetime]:
        """Which of the signals count, oldest first. The same whatever the order in which they came in."""
        rule = self.rule
        if rule.repeat is not Repeat.WINDOW:
            return times[:1] if rule.repeat is Repeat.ONCE else times
        if len(times) <= rule.most:
            return times
        counted, within = [], deque[datetime]()
        for when in times:
            while within and within[0] <= when - self.window:
                within.popleft()
            if len(within) < rule.most:
                within.append(when)
                counted.append(when)
        return counted


def _fits(rule: BehaviourRule, sign: Sign) -> bool:
    return (rule.effective_from is None or sign.at >= rule.effective_from) and (
        rule.at_least is None or (sign.value is not None and sign.value >= rule.at_least)
    )


def _aged(points: int, half_life: timedelta | None, since: datetime, at: datetime) -> tuple[int, datetime | None]:
    """The points of something that happened then, halved after each full half-life, and when they fall next."""
    if half_life is None:
        return points, None
    steps = (at - since) // half_life
    left = abs(points) >> steps
    return (left if points > 0 else -left), (since + (steps + 1) * half_life if left else None)


# -- What follows from a score -----------------------------------------------------------------------------------------------


def crossed(old: int, new: int, model: ScoringPolicy) -> bool:
    """Whether the threshold or a step of the policy lies between the two."""
    return old // model.step != new // model.step or (old >= model.threshold) != (new >= model.threshold)


def reaches_mql(lead: Lead, points: int, model: ScoringPolicy) -> bool:
    """Whether the lead becomes an MQL by its score. A falling score takes nothing back."""
    return lead.state is State.CAPTURED and points >= model.threshold


REACH_MQL = Act(
    of=LEAD,
    name="reach_mql",
    states=(State.CAPTURED,),
    to=(State.MQL,),
    tells=(LeadMqlReached,),
    says="Makes the lead an MQL when its score reaches the threshold of the scoring model.",
    asks="A score of the threshold or more.",
)
PREDICT = Act(
    of=LEAD,
    name="predict",
    operation="predict_lead",
    who=who(Role.marketing, Role.sales_ops, Role.admin, scope="leads:write"),
    tells=(LeadPredicted,),
    says="Keeps what a model predicts of the lead; shown beside the score, and decides nothing by itself.",
    sample=lambda *_: {"probability": 70, "model": "propensity-3"},
)
