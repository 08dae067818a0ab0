"""Who gets a lead: the first rule that is for it, and of its people the one whose turn it is. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from lead_svc.assignment.policy import AssignmentPolicy, Otherwise, Rule, Strategy
from lead_svc.assignment.record import Why
from lead_svc.conditions.fields import BESIDE
from lead_svc.conditions.rules import unmet
from lead_svc.leads.record import LEAD, Lead
from shared.acts import Act, who
from shared.auth.actor import LEADERS, Role

STRIDE = 1_000_000
"""How far a lead takes somebody on in their rule. With weight 2 they go half as far, so their turn comes twice as often."""

Figures = Mapping[UUID, Mapping[str, Any]]
"""Of leads, what their conditions ask that is a row of its own: the score, what is predicted."""
_NOTHING: Figures = MappingProxyType({})

PREVIEW = Act(
    of=LEAD,
    name="preview_assignment",
    operation="preview_assignment",
    who=who(*LEADERS, Role.sales_ops, Role.marketing),
    says="Explains whom the rules would give the lead to now, and why nobody else. Changes nothing.",
    sample=lambda lead, _: {"lead_id": str(lead.id)},
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person of a rule. `limit` is how many open leads they may have, None for any number.

    `turn` is how far their leads have taken them in this rule; None before the first one. `why` says why they cannot take any.
    """

    person_id: UUID
    team_id: UUID | None = None
    weight: int = 1
    load: int = 0
    limit: int | None = None
    turn: int | None = None
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """Somebody who did not get the lead, and why."""

    person_id: UUID
    why: Why
    load: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a rule chose, and with which turn they go on."""

    chosen: Candidate | None
    turn: int
    passed: tuple[Passed, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule that was asked: what the lead does not meet, in words, or whom it had."""

    rule: Rule
    unmet: str | None = None
    choice: Choice | None = None


def choose(strategy: Strategy, candidates: Sequence[Candidate]) -> Choice:
    """The one whose turn it is among those who can take a lead.

    Whoever could take none for a while goes on where the others are now, and catches up on nothing.
    """
    free = [one for one in candidates if _why_not(one) is None]
    now = max((one.turn - _stride(strategy, one) for one in candidates if one.turn is not None), default=0)
    by_load = strategy is Strategy.LEAST_LOADED
    chosen = min(free, key=lambda one: (one.load if by_load else 0, _place(one, now), one.person_id.bytes), default=None)
    passed = tuple(
        Passed(one.person_id, _why_not(one) or (Why.BUSIER if by_load and chosen and one.load > chosen.load else Why.LATER), one.load)
        for one in candidates
        if chosen is None or one.person_id != chosen.person_id
    )
    return Choice(chosen, 0 if chosen is None else _place(chosen, now) + _stride(strategy, chosen), passed)


def _why_not(one: Candidate) -> Why | None:
    return one.why or (Why.FULL if one.limit is not None and one.load >= one.limit else None)


def _place(one: Candidate, now: int) -> int:
    return now if one.turn is None else max(one.turn, now)


def _stride(strategy: Strategy, one: Candidate) -> int:
    return STRIDE // one.weight if strategy is Strategy.WEIGHTED else STRIDE


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say of a lead. `by` is the one that decided; None where none is for the lead. `tried`: those asked, in order."""

    by: Tried | None
    tried: tuple[Tried, ...]

    @property
    def rule(self) -> str | None:
        return self.by.rule.name if self.by else None

    @property
    def owner(self) -> Candidate | None:
        return self.by.choice.chosen if self.by and self.by.choice else None

    @property
    def owner_id(self) -> UUID | None:
        return self.owner.person_id if self.owner else None

    @property
    def passed(self) -> tuple[Passed, ...]:
        return self.by.choice.passed if self.by and self.by.choice else ()


def decide(
    lead: Lead, policy: AssignmentPolicy, candidates: Callable[[Rule, Lead], Sequence[Candidate]], figures: Figures = _NOTHING
) -> Decision:
    """Ask the rules in their order. One that is for the lead and has nobody leaves it to the next one, if it says so."""
    tried: list[Tried] = []
    for rule in policy.rules:
        if missing := unmet(rule.conditions, lead, figures.get(lead.id, {})):
            tried.append(Tried(rule, unmet=missing.says))
            continue
        choice = choose(rule.strategy, candidates(rule, lead))
        tried.append(Tried(rule, choice=choice))
        if choice.chosen or rule.otherwise is Otherwise.QUEUE:
            return Decision(tried[-1], tuple(tried))
    return Decision(next((one for one in reversed(tried) if one.choice), None), tuple(tried))


def meeting(leads: Iterable[Lead], policy: AssignmentPolicy, figures: Figures = _NOTHING) -> list[Rule]:
    """The rules that are for at least one of the leads."""
    known = [(lead, figures.get(lead.id, {})) for lead in leads]
    return [rule for rule in policy.rules if any(unmet(rule.conditions, lead, its) is None for lead, its in known)]


def asks_figures(policy: AssignmentPolicy) -> bool:
    """Whether a rule asks for a figure that is a row of its own."""
    return any(one.field in BESIDE for rule in policy.rules for one in rule.conditions)
