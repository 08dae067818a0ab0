"""What a lead's score is and why: one line for each rule that gives points, which add up to it. Pure.

Everything that shows, stores, simulates or explains a score asks `explain`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from lead_svc.conditions.fields import Condition
from lead_svc.conditions.rules import holds
from lead_svc.leads.record import LEAD, Lead, State
from lead_svc.scoring.policy import BehaviourRule, Repeat, ScoringPolicy, Standard
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


@dataclass(frozen=True, slots=True)
class Line:
    """What one rule gives, or what a limit takes away. `until`: when its points fall by themselves."""

    rule: str
    part: Part | None
    points: int
    why: str
    until: datetime | None = None
    repeat: Repeat | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """A score and its lines, whose points add up to it."""

    points: int
    lines: Sequence[Line]

    @property
    def next_at(self) -> datetime | None:
        """When points fall by themselves."""
        return min((line.until for line in self.lines if line.until), default=None)

    @property
    def top(self) -> list[TopRule]:
        """The rules that gave most."""
        best = sorted((line for line in self.lines if line.points > 0), key=lambda line: -line.points)
        return [TopRule(rule=line.rule, points=line.points) for line in best[:_TOP]]


def explain(lead: Lead, signs: Sequence[Sign], model: ScoringPolicy, at: datetime) -> Explained:
    """The score of a lead at a moment. `signs`: all its signals of the model's kinds, oldest first."""
    lines = [
        Line(rule.name, _PARTS[rule.standard], rule.points, _why(rule.conditions))
        for rule in model.attributes
        if holds(rule.conditions, lead)
    ]
    if signs:
        lines += [line for rule in model.behaviours if (line := _behaviour(rule, signs, at))]
    lines += _beyond(lines, model)
    points = sum(line.points for line in lines)
    if points < 0:
        lines.append(Line("not below zero", None, -points, "A score is never negative."))
    return Explained(max(points, 0), lines)


@lru_cache(1024)
def _why(conditions: tuple[Condition, ...]) -> str:
    return " and ".join(one.says for one in conditions) or "every lead"


def _beyond(lines: Sequence[Line], model: ScoringPolicy) -> list[Line]:
    """What goes beyond the most that a part gives."""
    totals: dict[Part, int] = {}
    for line in lines:
        if line.part is not None:
            totals[line.part] = totals.get(line.part, 0) + line.points
    over = [(part, most, total) for part, total in totals.items() if total > (most := getattr(model.limits, part.value))]
    return [Line(f"most of {part.value}", part, most - total, f"{part.value} gives {most} points at most.") for part, most, total in over]


# -- Behaviour ---------------------------------------------------------------------------------------------------------------


def _behaviour(rule: BehaviourRule, signs: Sequence[Sign], at: datetime) -> Line | None:
    fitting = [sign for sign in signs if _fits(rule, sign, at)]
    counted = _counted(rule, [sign.at for sign in fitting])
    aged = [_aged(rule.points, rule.half_life, when, at) for when in counted]
    if not any(points for points, _ in aged):
        return None
    until = min((falls for _, falls in aged if falls), default=None)
    passed_over = len(fitting) - len(counted)
    said = f"{len(counted)} of {'/'.join(rule.kinds)}" + (f", {passed_over} more do not count" if passed_over else "")
    halved = f"; halved every {rule.half_life_days} days" if rule.half_life_days else ""
    return Line(rule.name, Part.BEHAVIOUR, sum(points for points, _ in aged), said + halved, until, rule.repeat)


def _fits(rule: BehaviourRule, sign: Sign, at: datetime) -> bool:
    return (
        sign.kind in rule.kinds
        and sign.at <= at
        and (rule.effective_from is None or sign.at >= rule.effective_from)
        and (rule.at_least is None or (sign.value is not None and sign.value >= rule.at_least))
    )


def _counted(rule: BehaviourRule, times: Sequence[datetime]) -> Sequence[datetime]:
    """Which of the signals count, oldest first. The same whatever the order in which they came in."""
    if rule.repeat is not Repeat.WINDOW:
        return times[:1] if rule.repeat is Repeat.ONCE else times
    window, counted, within = timedelta(days=rule.window_days), [], deque[datetime]()
    for when in times:
        while within and within[0] <= when - window:
            within.popleft()
        if len(within) < rule.most:
            within.append(when)
            counted.append(when)
    return counted


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
