"""Who may hand a person's records over, to whom, and which of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from shared.acts import Act, Subject, who
from shared.auth.actor import Role
from shared.errors import Invalid, Unmet
from shared.events.team import HandOverFilter, PersonHandedOver
from shared.handover.parts import FILTERS, HandOverKind

ANYBODYS = (Role.admin, Role.director, Role.sales_ops, Role.ops)
"""Roles that hand over the records of anybody."""
OF_THEIR_TEAMS = (Role.manager, Role.regional_head)
"""They do for people of their teams."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A hand-over that somebody asks for."""

    from_id: UUID
    to_id: UUID


HAND_OVER = Subject[Asked, None](
    name="hand_over",
    label="hand-over",
    owner=lambda *_: None,
    not_owner=Unmet("role", "Only somebody above both people hands records over."),
)
HAND_OVER_RECORDS = Act(
    of=HAND_OVER,
    name="hand_over",
    operation="hand_over_person",
    who=who(*ANYBODYS, *OF_THEIR_TEAMS),
    makes=True,
    tells=(PersonHandedOver,),
    refused="The records cannot be handed over like this.",
    code="cannot_hand_over",
    says="Gives a person's leads, accounts, deals and contracts to somebody else, in all services.",
    asks="A manager hands over within their teams, from and to.",
)


def reach_unmet(asked: Asked, in_reach: Iterable[UUID]) -> list[Unmet]:
    """For a manager: both people are in the manager's teams."""
    reached = set(in_reach)
    return [
        Unmet("not_in_team", f"The person who {does} the records is not in your team or a team below it.")
        for does, id in (("gives", asked.from_id), ("takes", asked.to_id))
        if id not in reached
    ]


def filter_unmet(kinds: Iterable[HandOverKind], asked: HandOverFilter) -> Iterator[Invalid]:
    """What is asked of a kind that does not have it."""
    default = HandOverFilter()
    given = [name for name in HandOverFilter.model_fields if getattr(asked, name) != getattr(default, name)]
    for name in given:
        without = [kind for kind in kinds if name not in FILTERS[kind]]
        if without:
            says = f"{' and '.join(without).capitalize()} have none: hand them over by themselves, without it."
            yield Invalid(says, pointer=f"/filter/{name}", code="filter_not_for_kind")
