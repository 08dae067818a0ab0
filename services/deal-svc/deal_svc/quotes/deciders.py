"""Who of the roster may be asked about a quote, and whether there is somebody for each step. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from deal_svc.quotes.tiers import ApprovalStep, in_words
from shared.approvals.record import Plan
from shared.auth.actor import Role
from shared.errors import Unmet

DECIDERS: Mapping[ApprovalStep, tuple[Role, ...]] = {
    ApprovalStep.MANAGER: (Role.manager, Role.regional_head, Role.director),  # a director stands in for a manager
    ApprovalStep.DIRECTOR: (Role.director,),
    ApprovalStep.FINANCE: (Role.finance,),
    ApprovalStep.LEGAL: (Role.legal,),
}
IN_PLACE_OF_A_DIRECTOR = (Role.director, Role.admin, Role.finance)
_LED = frozenset({Role.manager, Role.regional_head})
ASKED = tuple(dict.fromkeys(role for roles in (*DECIDERS.values(), IN_PLACE_OF_A_DIRECTOR) for role in roles))
"""The roles of those who decide about quotes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of the roster who may be asked. `leads`: whether their team is the owner's, or above it."""

    person_id: UUID
    role: Role
    leads: bool


def plans(steps: Sequence[ApprovalStep], roster: Collection[Candidate], barred: Collection[UUID | None]) -> tuple[list[Plan], list[Unmet]]:
    """Which roles are asked for each step, and for which steps nobody is there: each is decided by another person.

    `barred` are the owner and who submits. Where they are the only directors, an admin or finance decides in place of a director.
    """
    free = [person for person in roster if person.person_id not in barred]
    asked: dict[ApprovalStep, tuple[Role, ...]] = {step: DECIDERS[step] for step in steps}
    if ApprovalStep.DIRECTOR in asked and not any(person.role is Role.director for person in free):
        asked[ApprovalStep.DIRECTOR] = IN_PLACE_OF_A_DIRECTOR
    planned = [Plan(step, [role.value for role in roles]) for step, roles in asked.items()]
    those = {step: {p.person_id for p in free if p.role in roles and (p.leads or p.role not in _LED)} for step, roles in asked.items()}
    if _each_another(list(those.values())):
        return planned, []
    lacking = [step for step in steps if not those[step]] or list(steps)
    says = f"Nobody on the roster can decide as {in_words(lacking)}: the owner and who submits it cannot, and one person decides one step."
    return planned, [Unmet("nobody_to_decide", f"{says} Ask those who keep the roster.")]


def _each_another(those: Sequence[Collection[UUID]], taken: frozenset[UUID] = frozenset()) -> bool:
    """Whether each step can have a person of its own; they are a handful."""
    if not those:
        return True
    first, *rest = sorted(those, key=len)
    return any(_each_another(rest, taken | {person}) for person in list(first)[: len(those) + len(taken)] if person not in taken)
