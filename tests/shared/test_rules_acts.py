"""What follows from the declaration of an act."""

from dataclasses import dataclass, replace
from enum import StrEnum
from types import ModuleType
from uuid import UUID

import pytest

from shared.acts import Act, Subject, acts_of, shown, who
from shared.auth.actor import Actor, Role
from shared.errors import Forbidden, Rejected, Unmet
from shared.ids import new_id

ANN, BOB = new_id(), new_id()


class State(StrEnum):
    OPEN = "open"
    SHUT = "shut"


@dataclass(frozen=True)
class Door:
    state: State
    owner_id: UUID | None
    locked: bool = False


DOOR = Subject[Door, None](
    name="door",
    label="door",
    states=State,
    state=lambda door: door.state,
    owner=lambda door, _: door.owner_id,
    not_owner=Unmet("not_owner", "Only the owner may do this."),
    wrong_state=lambda door, needed: Unmet("wrong_state", f"The door is {door.state}; this needs {' or '.join(needed)}."),
)
SHUT = Act(
    of=DOOR, name="shut", operation="shut_door", who=who(Role.manager, own=[Role.rep], unowned=[Role.rep]), states=("open",), to=("shut",)
)
OPEN = Act(
    of=DOOR,
    name="open",
    operation="open_door",
    who=who(Role.manager),
    states=("shut",),
    to=("open",),
    needs=lambda door, _, by: [Unmet("locked", "The door is locked.")] if door.locked else [],
    refused="The door cannot be opened.",
    code="cannot_open",
)
SLAM = Act(of=DOOR, name="slam", operation=None, who=who(), to=("shut",))
MAKE = Act(of=DOOR, name="make", operation="make_door", who=who(Role.admin), makes=True, to=("open", "shut"))
ACTS = (MAKE, SHUT, OPEN, SLAM)


def actor(role: Role, id: UUID = ANN) -> Actor:
    return Actor.of(id, {role})


def test_an_owner_acts_on_their_own_and_on_what_nobody_owns() -> None:
    mine, nobodys, others = Door(State.OPEN, ANN), Door(State.OPEN, None), Door(State.OPEN, BOB)
    assert [SHUT.unmet(door, None, actor(Role.rep)) for door in (mine, nobodys)] == [[], []]
    assert [u.code for u in SHUT.unmet(others, None, actor(Role.rep))] == ["not_owner"]
    assert SHUT.unmet(others, None, actor(Role.manager)) == []


def test_an_owner_whose_role_may_never_act_is_refused_by_the_role() -> None:
    with pytest.raises(Forbidden, match="manager or rep"):
        SHUT.check(Door(State.OPEN, ANN), actor(Role.csm))
    assert [a.action for a in shown(ACTS, Door(State.OPEN, ANN), actor(Role.csm))] == []


def test_a_refusal_names_everything_that_is_unmet_and_what_the_body_decides() -> None:
    with pytest.raises(Rejected, match="cannot be opened") as refused:
        OPEN.check(Door(State.OPEN, None, locked=True), actor(Role.manager), also=[Unmet("no_key", "Say which key.")])
    assert [u.code for u in refused.value.unmet] == ["wrong_state", "locked", "no_key"]
    assert refused.value.code == "cannot_open"


def test_what_is_listed_names_its_operation_and_what_it_still_needs() -> None:
    listed = {a.action: a for a in shown(ACTS, Door(State.SHUT, None), actor(Role.manager))}
    assert listed.keys() == {"shut", "open"}
    assert (listed["open"].allowed, listed["open"].operation_id) == (True, "open_door")
    assert [u.message for u in listed["shut"].unmet] == ["The door is shut; this needs open."]


def test_the_system_may_do_everything_and_nobody_else_what_is_for_nobody() -> None:
    SLAM.check(Door(State.OPEN, BOB), actor(Role.system))
    with pytest.raises(Forbidden, match="the system alone"):
        SLAM.check(Door(State.OPEN, BOB), actor(Role.admin))


def test_paths_lead_from_each_state_and_from_nothing_for_what_is_made() -> None:
    assert [act.paths for act in ACTS] == [
        ((None, "open"), (None, "shut")),
        (("open", "shut"),),
        (("shut", "open"),),
        (("open", "shut"), ("shut", "shut")),
    ]


def test_an_act_is_listed_by_being_declared() -> None:
    features = [ModuleType("doors"), ModuleType("slams")]
    vars(features[0]).update(SHUT=SHUT, OPEN=OPEN, other=Act(of=replace(DOOR, name="gate"), name="shut", operation=None, who=who()))
    vars(features[1]).update(SHUT=SHUT, MORE={"slam": SLAM})
    assert acts_of(DOOR, *features) == (SHUT, OPEN, SLAM)
