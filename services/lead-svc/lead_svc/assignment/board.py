"""The people whom rules can choose from, as they are now, and as they are after each lead of a batch. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from lead_svc.assignment.policy import AssignmentPolicy, Rule, Strategy
from lead_svc.assignment.record import Why
from lead_svc.assignment.rules import Candidate, Decision, Figures, decide
from lead_svc.leads.record import Lead
from shared.auth.actor import OWNERS, SELLERS, person_id
from shared.ids import external_id


@dataclass(frozen=True, slots=True)
class Known:
    """What the roster knows of a person, and how things are with them now."""

    person_id: UUID
    team_id: UUID | None
    team_path: Sequence[UUID]
    role: str
    active: bool
    absent: bool
    load: int
    turns: Mapping[str, int]


def people_of(rule: Rule) -> dict[UUID, int]:
    """Who is named in the rule, with their weights."""
    return {person_id(seat.person): seat.weight for seat in rule.people}


def team_of(rule: Rule) -> UUID | None:
    """The team of the rule, by its key or id."""
    if not rule.team:
        return None
    try:
        given = UUID(rule.team)
    except ValueError:
        return external_id("team", rule.team)
    return given if str(given) == rule.team.lower() else external_id("team", rule.team)


def reads_loads(policy: AssignmentPolicy) -> bool:
    """Whether it matters how many open leads people have."""
    return bool(policy.capacity or policy.capacities or any(rule.strategy is Strategy.LEAST_LOADED for rule in policy.rules))


@dataclass
class Board:
    """`owners` are those of the leads' accounts. `working` says who is at work now, and `figures` are the leads' own, where rules ask."""

    policy: AssignmentPolicy
    people: Mapping[UUID, Known]
    owners: Mapping[UUID, UUID]
    working: Mapping[UUID, bool] = field(default_factory=dict)
    figures: Figures = field(default_factory=dict)
    lost: Mapping[UUID, UUID] = field(default_factory=dict)
    """From whom a lead has just gone back."""
    _taken: dict[UUID, int] = field(default_factory=dict)
    turns: dict[tuple[str, UUID], int] = field(default_factory=dict)
    """The turns that changed."""

    def __post_init__(self) -> None:
        self._limits = {person_id(key): limit for key, limit in self.policy.capacities.items()}
        self._of: dict[str, list[tuple[UUID, int]]] = {}

    def decide(self, lead: Lead) -> Decision:
        """What the rules say of the lead as things are now."""
        return decide(lead, self.policy, self.candidates, self.figures)

    def candidates(self, rule: Rule, lead: Lead) -> list[Candidate]:
        """The people of the rule, as they are now."""
        found = [self._candidate(rule, id, weight) for id, weight in self._whom(rule, lead)]
        lost_by = self.lost.get(lead.id)
        return found if lost_by is None else [replace(one, why=Why.LOST) if one.person_id == lost_by else one for one in found]

    def took(self, decision: Decision) -> None:
        """Somebody got a lead."""
        if decision.by and decision.by.choice and (chosen := decision.owner):
            self._taken[chosen.person_id] = self._taken.get(chosen.person_id, 0) + 1
            self.turns[decision.by.rule.name, chosen.person_id] = decision.by.choice.turn

    def _whom(self, rule: Rule, lead: Lead) -> Sequence[tuple[UUID, int]]:
        if rule.strategy is Strategy.ACCOUNT_OWNER:
            owner = self.owners.get(lead.account_id) if lead.account_id else None
            return [(owner, 1)] if owner else []
        if rule.name not in self._of:
            self._of[rule.name] = list(people_of(rule).items()) or [(id, 1) for id in self._sellers_of(team_of(rule))]
        return self._of[rule.name]

    def _sellers_of(self, team: UUID | None) -> Iterator[UUID]:
        for id, known in sorted(self.people.items()):
            if team in known.team_path and known.role in SELLERS and known.active:
                yield id

    def _candidate(self, rule: Rule, id: UUID, weight: int) -> Candidate:
        known = self.people.get(id)
        if known is None:
            return Candidate(id, why=Why.UNKNOWN)
        turn = self.turns.get((rule.name, id), known.turns.get(rule.name))
        limit = self._limits.get(id, self.policy.capacity or None)
        load = known.load + self._taken.get(id, 0)
        return Candidate(id, known.team_id, weight, load, limit, turn, self._why_not(rule, known))

    def _why_not(self, rule: Rule, known: Known) -> Why | None:
        if not known.active:
            return Why.LEFT
        if known.role not in OWNERS:
            return Why.NOT_AN_OWNER
        if known.absent:
            return Why.ABSENT
        return Why.OFF_HOURS if rule.working_hours_only and not self.working.get(known.person_id, True) else None
