"""Teams as a tree, and the people in it. A path is the list of team ids from the root to a team itself."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from lead_svc.team.record import PERSON, TEAM
from shared.acts import Act, who
from shared.auth.actor import OWNERS, Actor, Role
from shared.errors import Invalid, Unmet
from shared.events.team import PersonAdded, PersonChanged, TeamChanged, TeamCreated

MOVED = "person.moved"
"""The timer by which a person's leads follow into another team, a batch at a time."""

KEEPERS = who(Role.admin, Role.ops, Role.sales_ops)
"""Who keeps the roster. Everybody may read it: owners and teams are shown all over the product."""


CREATE_TEAM = Act(
    of=TEAM,
    name="create",
    operation="create_team",
    who=KEEPERS,
    makes=True,
    tells=(TeamCreated,),
    says="Enters a team; one that is known by its key is brought to these values.",
)
CHANGE_TEAM = Act(
    of=TEAM,
    name="change",
    operation="change_team",
    who=KEEPERS,
    tells=(TeamChanged,),
    refused="The team cannot be moved there.",
    code="team_cycle",
    says="Renames the team, or moves it in the tree.",
    asks="Not under itself or a team below it.",
    sample=lambda *_: {"name": "North"},
)
CREATE_PERSON = Act(
    of=PERSON,
    name="create",
    operation="create_person",
    who=KEEPERS,
    makes=True,
    tells=(PersonAdded,),
    refused="The person cannot be set inactive.",
    code="person_not_changeable",
    says="Enters a person; one that is known by their key is brought to these values.",
)
CHANGE_PERSON = Act(
    of=PERSON,
    name="change",
    operation="change_person",
    who=KEEPERS,
    tells=(PersonChanged,),
    refused="The person cannot be set inactive.",
    code="person_not_changeable",
    says="Changes name, role or team, or sets a person inactive who has left.",
    asks="Nobody sets themselves inactive.",
    sample=lambda *_: {"name": "Ann Lee"},
)
TEAM_ACTS = (CREATE_TEAM, CHANGE_TEAM)
PERSON_ACTS = (CREATE_PERSON, CHANGE_PERSON)


def path_of(team_id: UUID | None, parents: Mapping[UUID, UUID | None]) -> list[UUID]:
    """Root first, the team itself last; empty for nobody's team."""
    path: list[UUID] = []
    while team_id is not None:
        path.append(team_id)
        team_id = parents[team_id]
    return path[::-1]


def below(team_id: UUID, parents: Mapping[UUID, UUID | None]) -> set[UUID]:
    """The team and every team under it."""
    return {t for t in parents if team_id in path_of(t, parents)}


def move_unmet(team_id: UUID, new_parent: UUID | None, parents: Mapping[UUID, UUID | None]) -> list[Unmet]:
    """A team cannot come to stand under itself."""
    if new_parent is not None and team_id in path_of(new_parent, parents):
        return [Unmet("team_cycle", "A team cannot be moved under itself or one of the teams below it.")]
    return []


def leave_unmet(actor: Actor, person_id: UUID, *, active: bool) -> list[Unmet]:
    """The last one who keeps the roster could not come back."""
    if active or person_id != actor.id:
        return []
    return [Unmet("own_leaving", "You cannot set yourself inactive; another admin or sales operations can.")]


class Member(Protocol):
    """What the roster knows of a person."""

    @property
    def role(self) -> str: ...
    @property
    def active(self) -> bool: ...


def owner_refused(actor: Actor, owner_id: UUID, known: Member | None, what: str) -> Invalid | None:
    """Why this person cannot be given a record, by their role in the roster; None when they can. Owners take records themselves."""
    takes = owner_id == actor.id
    if takes and actor.has(*OWNERS):
        return None
    return _none_of_them(what, "/owner_id") if takes and known is None else taker_refused(known, what)


def taker_refused(known: Member | None, what: str, pointer: str = "/owner_id") -> Invalid | None:
    """Why somebody of whom the roster knows this cannot own a record; None when they can."""
    if known is None:
        return Invalid("There is no such person.", pointer=pointer, code="unknown_person")
    if not known.active:
        return Invalid(f"This person has left and cannot own {what}.", pointer=pointer, code="inactive_person")
    return None if known.role in OWNERS else _none_of_them(what, pointer)


def _none_of_them(what: str, pointer: str) -> Invalid:
    says = f"Only a rep, kam, manager or csm can own {what}; in the roster this person is none of them."
    return Invalid(says, pointer=pointer, code="not_an_owner")
